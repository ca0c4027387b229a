/// Events in order. They are moved in and out: nothing is copied or counted.
struct EventQueue: ~Copyable {
    private static let firstCapacity = 8

    private var memory = UnsafeMutableBufferPointer<HTTP2Event>(start: nil, count: 0)
    private var head = 0
    private var tail = 0

    init() {}

    deinit {
        _ = pending.deinitialize()
        memory.deallocate()
    }

    /// Those that wait, where they lie.
    var pending: UnsafeMutableBufferPointer<HTTP2Event> { UnsafeMutableBufferPointer(rebasing: memory[head..<tail]) }

    mutating func append(_ event: HTTP2Event) {
        if tail == memory.count { makeRoom() }
        memory.initializeElement(at: tail, to: event)
        tail += 1
    }

    mutating func popFirst() -> HTTP2Event? {
        if head == tail { return nil }
        let event = memory.moveElement(from: head)
        head += 1
        if head == tail { reset() }
        return event
    }

    private mutating func reset() {
        head = 0
        tail = 0
        guard memory.count > Self.firstCapacity else { return }
        memory.deallocate()
        memory = UnsafeMutableBufferPointer(start: nil, count: 0)
    }

    private mutating func makeRoom() {
        let count = tail - head
        let larger = UnsafeMutableBufferPointer<HTTP2Event>.allocate(capacity: max(Self.firstCapacity, 2 * count))
        _ = larger.moveInitialize(fromContentsOf: pending)
        memory.deallocate()
        memory = larger
        head = 0
        tail = count
    }
}
