/// What the owner of a file has noted on it: texts by name, which mean nothing to the cluster.
///
/// Names and values are UTF-8 without NUL and are told apart by their bytes. A file has at most ``maxCount`` of them, each
/// name of 1 to ``maxNameByteCount`` bytes, all together of at most ``maxByteCount`` bytes.
public struct FileAttributes: Sendable, Equatable {
    /// One name and its value.
    public struct Entry: Sendable, Equatable {
        /// Not empty.
        public let name: String
        /// May be empty.
        public let value: String

        /// By bytes.
        public static func == (left: Self, right: Self) -> Bool {
            left.name.utf8.elementsEqual(right.name.utf8) && left.value.utf8.elementsEqual(right.value.utf8)
        }
    }

    /// The most attributes of a file.
    public static let maxCount = 64
    /// The longest name, in bytes.
    public static let maxNameByteCount = 255
    /// The most bytes of all names and values of a file.
    public static let maxByteCount = 16 << 10

    /// In the order of the names' bytes.
    public private(set) var all: [Entry] = []

    /// None.
    public init() {}

    /// - Parameter pairs: names and values, in any order.
    /// - Throws: ``DFSError`` of code `invalidArgument` for a name that is empty, too long or there twice, a NUL, and where
    ///   there are too many or they are too long.
    public init(_ pairs: some Sequence<(String, String)>) throws(DFSError) {
        for (name, value) in pairs {
            guard (1...Self.maxNameByteCount).contains(name.utf8.count) else {
                throw DFSError(
                    .invalidArgument,
                    "the attribute name \(quoted(name)) has \(name.utf8.count) bytes, not 1 to \(Self.maxNameByteCount)"
                )
            }
            guard !name.utf8.contains(0), !value.utf8.contains(0) else {
                throw DFSError(.invalidArgument, "the attribute \(quoted(name)) holds a NUL; leave it out")
            }
            let at = position(of: name)
            guard !holds(name, at: at) else {
                throw DFSError(.invalidArgument, "the attribute \(quoted(name)) is given twice; give it once")
            }
            all.insert(Entry(name: name, value: value), at: at)
            if let excess { throw DFSError(.invalidArgument, excess) }
        }
    }

    /// Whether there are none.
    public var isEmpty: Bool { all.isEmpty }

    /// The value of an attribute; `nil` where there is none of that name.
    public subscript(name: String) -> String? {
        let at = position(of: name)
        return holds(name, at: at) ? all[at].value : nil
    }

    /// These attributes, with those of `new` added or in the place of others, and without those named by `gone`, which need
    /// not be there.
    ///
    /// - Throws: ``DFSError``: `invalidArgument` where a name is in both, `failedPrecondition` where the result would be too
    ///   much.
    package func changed(setting new: FileAttributes, removing gone: [String]) throws(DFSError) -> FileAttributes {
        var result = self
        for name in gone {
            guard new[name] == nil else {
                throw DFSError(.invalidArgument, "the attribute \(quoted(name)) is to be set and removed; choose one")
            }
            let at = result.position(of: name)
            if result.holds(name, at: at) { result.all.remove(at: at) }
        }
        for attribute in new.all {
            let at = result.position(of: attribute.name)
            if result.holds(attribute.name, at: at) { result.all.remove(at: at) }
            result.all.insert(attribute, at: at)
        }
        if let excess = result.excess { throw DFSError(.failedPrecondition, excess + ", or remove some") }
        return result
    }

    /// The first position whose name is not before `name`; there are few, so they are looked at one by one.
    private func position(of name: String) -> Int {
        all.firstIndex { !$0.name.utf8.lexicographicallyPrecedes(name.utf8) } ?? all.count
    }

    private func holds(_ name: String, at position: Int) -> Bool {
        position < all.count && all[position].name.utf8.elementsEqual(name.utf8)
    }

    /// What there is too much of, and the remedy.
    private var excess: String? {
        if all.count > Self.maxCount {
            return "a file has at most \(Self.maxCount) attributes; give fewer"
        }
        let byteCount = all.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard byteCount > Self.maxByteCount else { return nil }
        return "the attributes of a file have at most \(Self.maxByteCount) bytes together; give shorter ones"
    }
}
