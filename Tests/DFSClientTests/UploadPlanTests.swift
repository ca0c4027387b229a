import DFSCore
import Testing

@testable import DFSClient

@Suite struct UploadPlanTests {
    private func allocation(_ index: Int) throws -> ChunkAllocation {
        ChunkAllocation(chunkID: try ChunkID("f_\(index)"), servers: [])
    }

    @Test func oneChunkIsAllocatedAheadOfThoseBeingSent() throws {
        var plan = UploadPlan(chunkCount: 4, chunksInFlight: 2, allocatesAhead: true)
        for index in 0..<2 {
            #expect(plan.startAllocation() == index)
            #expect(plan.startAllocation() == nil)
            plan.take(try allocation(index))
            #expect(plan.startChunk()?.index == index)
        }
        #expect(plan.startAllocation() == 2)
        plan.take(try allocation(2))
        #expect(plan.startAllocation() == nil, "one ahead, not two")
        #expect(plan.startChunk() == nil)
        plan.endChunk()
        let third = plan.startChunk()
        #expect(third?.index == 2)
        #expect(third?.allocation == (try allocation(2)))
        #expect(plan.startAllocation() == 3)
    }

    @Test func settledChunksAreNeitherAllocatedNorSent() throws {
        var plan = UploadPlan(chunkCount: 5, chunksInFlight: 2, allocatesAhead: true, without: [0, 2, 4])
        #expect(plan.startAllocation() == 1)
        plan.take(try allocation(1))
        #expect(plan.startChunk()?.index == 1)
        #expect(plan.startAllocation() == 3)
        plan.take(try allocation(3))
        #expect(plan.startChunk()?.index == 3)
        #expect(plan.startAllocation() == nil)
        var whole = UploadPlan(chunkCount: 2, chunksInFlight: 2, allocatesAhead: true, without: [0, 1])
        #expect(whole.startAllocation() == nil)
        #expect(whole.startChunk() == nil)
    }

    @Test func aGoMasterIsAskedOnlyForWhatIsSentAtOnce() throws {
        var plan = UploadPlan(chunkCount: 2, chunksInFlight: 1, allocatesAhead: false)
        #expect(plan.startAllocation() == 0)
        plan.take(try allocation(0))
        #expect(plan.startChunk()?.index == 0)
        #expect(plan.startAllocation() == nil)
        plan.endChunk()
        #expect(plan.startAllocation() == 1)
        plan.take(try allocation(1))
        #expect(plan.startChunk()?.index == 1)
        plan.endChunk()
        #expect(plan.startAllocation() == nil)
    }
}
