import Testing

@testable import HTTP2

@Suite struct InlineQueueTests {
    /// Against an array, by random moves.
    @Test func behavesAsAnArray() {
        var queue = InlineQueue<Int>()
        var model: [Int] = []
        for step in 0..<20_000 {
            switch Int.random(in: 0..<9) {
            case 0...3:
                queue.append(step)
                model.append(step)
            case 4:
                queue.prepend(step)
                model.insert(step, at: 0)
            case 5...6:
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            case 7:
                let changed = queue.withLast { last in
                    last += 1
                    return last
                }
                if let last = model.indices.last { model[last] += 1 }
                #expect(changed == model.last)
            default:
                if step.isMultiple(of: 50) {
                    queue.removeAll()
                    model.removeAll()
                }
            }
            #expect(queue.count == model.count)
            #expect(queue.isEmpty == model.isEmpty)
        }
        while let next = queue.popFirst() { #expect(next == model.removeFirst()) }
        #expect(model.isEmpty)
    }
}
