import CProtobufC

/// Memory for one packing or unpacking: handed out piece by piece within a budget, released all at once.
///
/// It serves protobuf-c as its allocator, so that two million strings cost a few large allocations, and so that nothing
/// a peer sends makes protobuf-c allocate more than the budget. Not for sharing between threads.
/// Most messages fit its first 896 bytes, which lie behind the object itself: one allocation for all of it, of less than a
/// kilobyte, since the C library keeps pieces of up to that size at hand for the next one.
final class WireArena: ManagedBuffer<WireArena.State, UInt64> {
    struct State {
        fileprivate var remainingBudget: Int
        /// What is left of the block that pieces are taken from.
        fileprivate var next: UnsafeMutableRawPointer
        fileprivate var end: UnsafeMutableRawPointer
        /// Beyond the first kilobyte.
        fileprivate var blocks: [UnsafeMutableRawBufferPointer] = []
    }

    /// Pieces are aligned for everything that protobuf-c puts into them: pointers and 64-bit integers.
    private static let alignment = MemoryLayout<UInt64>.alignment
    private static let ownByteCount = 896
    private static let firstBlockSize = 4 << 10
    private static let maxBlockSize = 1 << 20

    static func make(budget: Int) -> WireArena {
        let arena = create(minimumCapacity: ownByteCount / MemoryLayout<UInt64>.stride) { buffer in
            buffer.withUnsafeMutablePointerToElements { own in
                let start = UnsafeMutableRawPointer(own)
                return State(remainingBudget: budget, next: start, end: start + ownByteCount)
            }
        }
        return unsafeDowncast(arena, to: WireArena.self)
    }

    deinit {
        for block in header.blocks { block.deallocate() }
    }

    /// `byteCount` bytes, uninitialised, valid until the arena goes, or `nil` where the budget does not allow it.
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        withUnsafeMutablePointerToHeader { state in
            guard byteCount >= 0, byteCount <= state.pointee.remainingBudget else { return nil }
            let size = (byteCount + Self.alignment - 1) & ~(Self.alignment - 1)
            if size > state.pointee.end - state.pointee.next { Self.addBlock(of: size, to: &state.pointee) }
            defer { state.pointee.next += size }
            state.pointee.remainingBudget -= byteCount
            return state.pointee.next
        }
    }

    private static func addBlock(of size: Int, to state: inout State) {
        let next = min(maxBlockSize, max(firstBlockSize, (state.blocks.last?.count ?? 0) * 2))
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(next, size), alignment: alignment)
        state.blocks.append(UnsafeMutableRawBufferPointer(start: block, count: max(next, size)))
        state.next = block
        state.end = block + max(next, size)
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
