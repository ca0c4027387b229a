import CProtobufC

/// Memory for one packing or unpacking: handed out piece by piece within a budget, released all at once.
///
/// It serves protobuf-c as its allocator, so that two million strings cost a few large allocations, and so that nothing
/// a peer sends makes protobuf-c allocate more than the budget. Not for sharing between threads.
final class WireArena {
    private var blocks: [UnsafeMutableRawBufferPointer] = []
    private var used = 0
    private var remainingBudget: Int

    /// Pieces are aligned for everything that protobuf-c puts into them: pointers and 64-bit integers.
    private static let alignment = 8
    private static let firstBlockSize = 4 << 10
    private static let maxBlockSize = 1 << 20

    init(budget: Int) {
        remainingBudget = budget
    }

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// `byteCount` bytes, uninitialised, valid until the arena goes, or `nil` where the budget does not allow it.
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard byteCount >= 0, byteCount <= remainingBudget else { return nil }
        let size = (byteCount + Self.alignment - 1) & ~(Self.alignment - 1)
        if let block = blocks.last, let base = block.baseAddress, used + size <= block.count {
            remainingBudget -= byteCount
            defer { used += size }
            return base + used
        }
        let next = min(Self.maxBlockSize, max(Self.firstBlockSize, (blocks.last?.count ?? 0) * 2))
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(next, size), alignment: Self.alignment)
        blocks.append(block)
        used = size
        remainingBudget -= byteCount
        return block.baseAddress
    }

    /// Room for `count` values, or `nil` where the budget does not allow it.
    func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T>? {
        let (byteCount, overflow) = MemoryLayout<T>.stride.multipliedReportingOverflow(by: count)
        return overflow ? nil : allocate(byteCount)?.bindMemory(to: type, capacity: count)
    }

    /// Lends the arena to protobuf-c as its allocator for the time of `body`.
    func withAllocator<R>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> R) -> R {
        var allocator = ProtobufCAllocator(
            alloc: arenaAllocate, free: arenaFree, allocator_data: Unmanaged.passUnretained(self).toOpaque())
        return withExtendedLifetime(self) { withUnsafeMutablePointer(to: &allocator, body) }
    }
}

/// `ProtobufCAllocator.alloc`; the data is the arena, alive by ``WireArena/withAllocator(_:)``.
private func arenaAllocate(_ data: UnsafeMutableRawPointer?, _ size: Int) -> UnsafeMutableRawPointer? {
    guard let data else { return nil }
    return Unmanaged<WireArena>.fromOpaque(data).takeUnretainedValue().allocate(size)
}

/// `ProtobufCAllocator.free`: nothing, since the arena goes as a whole.
private func arenaFree(_ data: UnsafeMutableRawPointer?, _ pointer: UnsafeMutableRawPointer?) {}
