import DFSCore

/// Texts that many records have in common, each kept once.
struct SharedTexts: Sendable {
    /// Told apart by its bytes: texts that only look alike are not the same.
    private struct Key: ByteIdentity {
        let text: String
    }

    private var known: [Key: (text: TextTable.Handle, users: Int)] = [:]

    /// The handle of `text`, for one more user.
    mutating func use(_ text: String, in texts: inout TextTable) -> TextTable.Handle {
        let key = Key(text: text)
        if let entry = known[key] {
            known[key] = (entry.text, entry.users + 1)
            return entry.text
        }
        let handle = texts.insert(text)
        known[key] = (handle, 1)
        return handle
    }

    /// One user less; the text goes with the last.
    mutating func release(_ handle: TextTable.Handle, in texts: inout TextTable) {
        let key = Key(text: texts[handle])
        guard let entry = known[key] else { return }
        guard entry.users == 1 else {
            known[key] = (entry.text, entry.users - 1)
            return
        }
        known[key] = nil
        texts.remove(handle)
    }
}
