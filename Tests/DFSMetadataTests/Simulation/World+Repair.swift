import DFSCore
import Testing

@testable import DFSMetadata

// What operators and whole racks do to the repair.
extension World {
    /// An operator sets limits that let the cluster come to rest in time, or does not want to wait any longer.
    mutating func changeRepair() throws {
        var change = RepairChange()
        switch Int.random(in: 0..<6, using: &random) {
        case 0: change.copies = .random(in: 0...4, using: &random)
        case 1: change.copiesPerSource = .random(in: 1...8, using: &random)
        case 2: change.copiesPerTarget = .random(in: 1...8, using: &random)
        case 3: change.bytesPerSecond = .random(in: 0...2, using: &random) << 27
        case 4: change.bytesPerSecondPerSource = .random(in: 0...2, using: &random) << 26
        default: change.goesOn = true
        }
        let wish = change
        let before = try master.repair().runningCopies
        let (answer, effects) = master.ask { .changeRepair(wish, $0) }
        try perform(effects)
        let limit = try answer.repair().limits.copies
        let after = try master.repair().runningCopies
        #expect(limit == 0 || after <= max(before, limit), "\(after) copies are under way, \(limit) may be")
    }
}
