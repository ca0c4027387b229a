import CMessages

/// `dfs.RepairReport`: how lost copies are made again.
package struct RepairReport: WireMessage {
    package var limits: RepairLimits
    /// Chunks that wait for copies, by how many complete copies live servers hold: 1, 2, and 3 or more.
    package var waiting: [UInt64]
    /// Those of them that no server could take.
    package var stuck: UInt64 = 0
    package var runningCopies: UInt64 = 0
    package var runningBytes: UInt64 = 0
    /// Since the master started.
    package var doneCopies: UInt64 = 0
    package var doneBytes: UInt64 = 0
    /// That did not arrive in time.
    package var lateCopies: UInt64 = 0
    /// Over the last minute.
    package var bytesPerSecond: UInt64 = 0
    /// Until nothing waits; `nil` where nothing arrived lately.
    package var estimatedSeconds: UInt64?
    /// Since when too many servers are lost at once; `nil` where they are not.
    package var stormSeconds: UInt64?
    /// How long the server that was found dead last had been silent; 0 for none.
    package var lastDetectionMilliseconds: UInt64 = 0
    /// From the last sign of a lost server until its chunks had all copies again; 0 for none.
    package var lastRestorationMilliseconds: UInt64 = 0
    package var lostServerCount: UInt64 = 0
    package var lostServers: [LostServer]

    package init(limits: RepairLimits = RepairLimits(), waiting: [UInt64] = [0, 0, 0], lostServers: [LostServer] = []) {
        self.limits = limits
        self.waiting = waiting
        self.lostServers = lostServers
    }

    package static let codec = WireCodec<Self>(
        dfs__repair_report__init, limits: .file,
        read: { field in
            var report = Self(
                limits: nested(field.limits) ?? RepairLimits(),
                waiting: [
                    field.waiting_with_one_copy, field.waiting_with_two_copies, field.waiting_with_more_copies,
                ], lostServers: nestedList(field.lost_servers, field.n_lost_servers))
            report.stuck = field.stuck
            (report.runningCopies, report.runningBytes) = (field.running_copies, field.running_bytes)
            (report.doneCopies, report.doneBytes) = (field.done_copies, field.done_bytes)
            report.lateCopies = field.late_copies
            report.bytesPerSecond = field.bytes_per_second
            report.estimatedSeconds = field.is_estimated != 0 ? field.estimated_seconds : nil
            report.stormSeconds = field.is_stormy != 0 ? field.storm_seconds : nil
            report.lastDetectionMilliseconds = field.last_detection_milliseconds
            report.lastRestorationMilliseconds = field.last_restoration_milliseconds
            report.lostServerCount = field.lost_server_count
            return report
        },
        write: { message, field, writer throws(WireError) in
            field.limits = try writer.nested(message.limits)
            let waiting = message.waiting + [0, 0, 0]
            field.waiting_with_one_copy = waiting[0]
            field.waiting_with_two_copies = waiting[1]
            field.waiting_with_more_copies = waiting[2]
            field.stuck = message.stuck
            (field.running_copies, field.running_bytes) = (message.runningCopies, message.runningBytes)
            (field.done_copies, field.done_bytes) = (message.doneCopies, message.doneBytes)
            field.late_copies = message.lateCopies
            field.bytes_per_second = message.bytesPerSecond
            (field.is_estimated, field.estimated_seconds) =
                (message.estimatedSeconds == nil ? 0 : 1, message.estimatedSeconds ?? 0)
            (field.is_stormy, field.storm_seconds) = (message.stormSeconds == nil ? 0 : 1, message.stormSeconds ?? 0)
            field.last_detection_milliseconds = message.lastDetectionMilliseconds
            field.last_restoration_milliseconds = message.lastRestorationMilliseconds
            field.lost_server_count = message.lostServerCount
            (field.n_lost_servers, field.lost_servers) = try writer.nestedList(message.lostServers)
        })
}

/// `dfs.LostServer`: a server that died, and how far it is made up for.
package struct LostServer: WireMessage {
    package var address: String
    package var silentSeconds: UInt64
    /// That it held.
    package var chunks: UInt64
    /// Those that have too few copies now.
    package var shortChunks: UInt64
    /// Whether chunks of which two copies are left wait for it to come back.
    package var isAwaited: Bool

    package init(
        address: String = "", silentSeconds: UInt64 = 0, chunks: UInt64 = 0, shortChunks: UInt64 = 0,
        isAwaited: Bool = false
    ) {
        self.address = address
        self.silentSeconds = silentSeconds
        self.chunks = chunks
        self.shortChunks = shortChunks
        self.isAwaited = isAwaited
    }

    package static let codec = WireCodec<Self>(
        dfs__lost_server__init,
        read: { field in
            Self(
                address: text(field.address), silentSeconds: field.silent_seconds, chunks: field.chunks,
                shortChunks: field.short_chunks, isAwaited: field.is_awaited != 0)
        },
        write: { message, field, writer throws(WireError) in
            field.address = try writer.text(message.address, "address")
            field.silent_seconds = message.silentSeconds
            field.chunks = message.chunks
            field.short_chunks = message.shortChunks
            field.is_awaited = message.isAwaited ? 1 : 0
        })
}
