/// One thing to feed with made-up input.
protocol FuzzTarget {
    /// Makes one input from `random` and tries it.
    ///
    /// - Throws: ``FuzzFinding``, or whatever should not have been thrown.
    func run(_ random: inout FuzzRandom) throws
}

/// Something that must hold did not.
struct FuzzFinding: Error, CustomStringConvertible {
    let description: String
}

func check(_ condition: Bool, _ finding: @autoclosure () -> String) throws {
    if !condition { throw FuzzFinding(description: finding()) }
}
