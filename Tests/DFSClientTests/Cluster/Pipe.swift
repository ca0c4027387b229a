import Glibc
import Synchronization
import Testing

/// Both ends of a pipe, closed with it.
final class Pipe: Sendable {
    let read: Int32
    let write: Int32
    private let isWriteOpen = Mutex(true)

    init() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        (read, write) = (ends[0], ends[1])
    }

    deinit {
        closeWrite()
        close(read)
    }

    func closeWrite() {
        isWriteOpen.withLock { isOpen in
            if isOpen { close(write) }
            isOpen = false
        }
    }

    /// Writes `bytes` and, unless told otherwise, closes, on a thread of its own.
    func send(_ bytes: [UInt8], closing: Bool = true) -> Task<Void, Never> {
        Task.detached { [self] in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(write, $0.baseAddress, min($0.count, 30_000)) }
                if count <= 0 { break }
                rest = rest.dropFirst(count)
            }
            if closing { closeWrite() }
        }
    }

    /// All that comes until the writing end is closed.
    func receive() -> Task<[UInt8], Never> {
        Task.detached { [self] in
            var (all, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 50_000))
            while true {
                let count = Glibc.read(read, &buffer, buffer.count)
                if count <= 0 { return all }
                all += buffer[..<count]
            }
        }
    }
}
