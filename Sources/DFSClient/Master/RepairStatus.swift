import DFSCore
import DFSServices
import DFSWire

/// How lost copies are made again, as the master knows it at one moment.
public struct RepairStatus: Sendable, Equatable {
    /// How much may be copied at one time.
    public struct Limits: Sendable, Equatable {
        /// Copies that one server may be making.
        public let copiesPerSource: Int
        /// Copies that one server may be receiving.
        public let copiesPerTarget: Int
        /// Copies under way in the cluster; 0 for no limit.
        public let copies: Int
        /// Bytes a second that one server is told to send; 0 for no limit.
        public let bytesPerSecondPerSource: Int
        /// Bytes a second of all servers together; 0 for no limit.
        public let bytesPerSecond: Int
    }

    /// A server that died and has chunks that lack copies since.
    public struct LostServer: Sendable, Equatable {
        /// As it was registered.
        public let address: String
        /// Since it was heard of last.
        public let silentSeconds: Int
        /// That it held.
        public let chunkCount: Int
        /// Those that have too few copies now, as far as the master has looked at them.
        public let shortChunkCount: Int
        /// Whether chunks of which two copies are left wait for it to come back.
        public let isAwaited: Bool
    }

    /// How much may be copied at one time.
    public let limits: Limits
    /// Chunks that wait for copies, by how many complete copies live servers hold: 1, 2, and 3 or more.
    public let waitingChunks: [Int]
    /// Those of them that no server could take when they were looked at last.
    public let stuckChunks: Int
    /// Copies under way.
    public let runningCopies: Int
    /// What they carry.
    public let runningBytes: Int
    /// Copies that arrived since the master started.
    public let doneCopies: Int
    /// Their bytes.
    public let doneBytes: Int
    /// Copies that did not arrive in time and were ordered again.
    public let lateCopies: Int
    /// Over the last minute.
    public let bytesPerSecond: Int
    /// Until nothing waits, at the pace of the last minute; `nil` where nothing arrived lately.
    public let estimatedSeconds: Int?
    /// Since when too many servers are lost at once, so that next to nothing is copied; `nil` where they are not.
    public let stormSeconds: Int?
    /// How long the server that was found dead last had been silent; 0 for none.
    public let lastDetectionSeconds: Double
    /// From the last sign of a lost server until its chunks had all copies again, when that was so last; 0 for none.
    public let lastRestorationSeconds: Double
    /// All servers that died and have chunks that lack copies since.
    public let lostServerCount: Int
    /// The first 1000 of them, in the order in which they came.
    public let lostServers: [LostServer]

    init(_ report: RepairReport) {
        limits = Limits(
            copiesPerSource: Int(report.limits.copiesPerSource), copiesPerTarget: Int(report.limits.copiesPerTarget),
            copies: Int(clamping: report.limits.copies),
            bytesPerSecondPerSource: Int(clamping: report.limits.bytesPerSecondPerSource),
            bytesPerSecond: Int(clamping: report.limits.bytesPerSecond))
        waitingChunks = report.waiting.map { Int(clamping: $0) }
        stuckChunks = Int(clamping: report.stuck)
        runningCopies = Int(clamping: report.runningCopies)
        runningBytes = Int(clamping: report.runningBytes)
        doneCopies = Int(clamping: report.doneCopies)
        doneBytes = Int(clamping: report.doneBytes)
        lateCopies = Int(clamping: report.lateCopies)
        bytesPerSecond = Int(clamping: report.bytesPerSecond)
        estimatedSeconds = report.estimatedSeconds.map { Int(clamping: $0) }
        stormSeconds = report.stormSeconds.map { Int(clamping: $0) }
        lastDetectionSeconds = Double(report.lastDetectionMilliseconds) / 1000
        lastRestorationSeconds = Double(report.lastRestorationMilliseconds) / 1000
        lostServerCount = Int(clamping: report.lostServerCount)
        lostServers = report.lostServers.map { server in
            LostServer(
                address: server.address, silentSeconds: Int(clamping: server.silentSeconds),
                chunkCount: Int(clamping: server.chunks), shortChunkCount: Int(clamping: server.shortChunks),
                isAwaited: server.isAwaited)
        }
    }
}

/// A change of the limits of repair; what is `nil` stays as it is. It holds until the master ends.
public struct RepairChange: Sendable, Equatable {
    /// Copies that one server may be making, 1 to 100.
    public var copiesPerSource: Int?
    /// Copies that one server may be receiving, 1 to 100.
    public var copiesPerTarget: Int?
    /// Copies under way in the cluster; 0 for no limit.
    public var copies: Int?
    /// Bytes a second that one server is told to send; 0 for no limit.
    public var bytesPerSecondPerSource: Int?
    /// Bytes a second of all servers together; 0 for no limit.
    public var bytesPerSecond: Int?
    /// Whether lost servers are not waited for any longer.
    public var goesOn = false

    /// No change.
    public init() {}

    /// - Throws: ``DFSError`` of code `invalidArgument` for a number below 0.
    func wire() throws(DFSError) -> SetRepairLimitsRequest {
        SetRepairLimitsRequest(
            copiesPerSource: try Self.checked(copiesPerSource), copiesPerTarget: try Self.checked(copiesPerTarget),
            copies: try Self.checked(copies), bytesPerSecondPerSource: try Self.checked(bytesPerSecondPerSource),
            bytesPerSecond: try Self.checked(bytesPerSecond), goesOn: goesOn)
    }

    private static func checked(_ number: Int?) throws(DFSError) -> UInt64? {
        guard let number else { return nil }
        guard let value = UInt64(exactly: number) else {
            throw DFSError(.invalidArgument, "\(number) is no limit; give 0 or more")
        }
        return value
    }
}

extension MasterClient {
    /// As ``DFSClient/repair()``.
    public func repair() async throws -> RepairStatus {
        try await requireSwift("tell of its repairs")
        return RepairStatus(try await call(Methods.getRepair, GetRepairRequest(), as: RepairReport.self))
    }

    /// As ``DFSClient/changeRepair(_:)``.
    public func changeRepair(_ change: RepairChange) async throws -> RepairStatus {
        let request = try change.wire()
        try await requireSwift("change the limits of its repairs")
        return RepairStatus(try await call(Methods.setRepairLimits, request, as: RepairReport.self))
    }
}
