import CMessages

/// `dfs.GetReportRequest`: the cluster in numbers.
package struct GetReportRequest: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__get_report_request__init, read: { _ in Self() }, write: { _, _, _ throws(WireError) in })
}

/// `dfs.GetReportResponse`.
package struct GetReportResponse: WireMessage {
    package var completeFiles: UInt64 = 0
    package var openFiles: UInt64 = 0
    package var chunks: UInt64 = 0
    package var isInSafeMode = false
    /// Of which no server has told since the master started.
    package var unheardChunks: UInt64 = 0
    /// With too few copies, but some.
    package var underChunks: UInt64 = 0
    /// With too many.
    package var overChunks: UInt64 = 0
    /// With none on a live server.
    package var missingChunks: UInt64 = 0
    /// Of which a copy was found damaged that has not been made again.
    package var corruptChunks: UInt64 = 0
    /// That wait for repair.
    package var repairQueue: UInt64 = 0
    /// Those of them that could not be helped when they were looked at last.
    package var stuckRepairs: UInt64 = 0
    /// With a copy under way.
    package var copyingChunks: UInt64 = 0
    package var trashEntries: UInt64 = 0
    /// Chunks in the servers' newest lists that no file has.
    package var orphans: UInt64 = 0
    package var balance = BalanceStatus()
    /// With copies too many that wait until those that stay have been read.
    package var surplusWaiting: UInt64 = 0
    /// Those of them where that has failed again and again.
    package var surplusUnread: UInt64 = 0

    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__get_report_response__init,
        read: { field in
            var message = Self()
            message.completeFiles = field.complete_files
            message.openFiles = field.open_files
            message.chunks = field.chunks
            message.isInSafeMode = field.is_in_safe_mode != 0
            message.unheardChunks = field.unheard_chunks
            message.underChunks = field.under_chunks
            message.overChunks = field.over_chunks
            message.missingChunks = field.missing_chunks
            message.corruptChunks = field.corrupt_chunks
            message.repairQueue = field.repair_queue
            message.stuckRepairs = field.stuck_repairs
            message.copyingChunks = field.copying_chunks
            message.trashEntries = field.trash_entries
            message.orphans = field.orphans
            message.balance = nested(field.balance) ?? BalanceStatus()
            (message.surplusWaiting, message.surplusUnread) = (field.surplus_waiting, field.surplus_unread)
            return message
        },
        write: { message, field, writer throws(WireError) in
            field.complete_files = message.completeFiles
            field.open_files = message.openFiles
            field.chunks = message.chunks
            field.is_in_safe_mode = message.isInSafeMode ? 1 : 0
            field.unheard_chunks = message.unheardChunks
            field.under_chunks = message.underChunks
            field.over_chunks = message.overChunks
            field.missing_chunks = message.missingChunks
            field.corrupt_chunks = message.corruptChunks
            field.repair_queue = message.repairQueue
            field.stuck_repairs = message.stuckRepairs
            field.copying_chunks = message.copyingChunks
            field.trash_entries = message.trashEntries
            field.orphans = message.orphans
            field.balance = try writer.nested(message.balance)
            (field.surplus_waiting, field.surplus_unread) = (message.surplusWaiting, message.surplusUnread)
        })
}

/// `dfs.SetBalanceRequest`: begins, changes or stops balancing.
package struct SetBalanceRequest: WireMessage {
    package var stops: Bool
    /// How far a server may be from the mean, in millionths of its room.
    package var thresholdPPM: UInt32
    /// Moved at most, in the whole cluster.
    package var bytesPerSecond: UInt64

    package init(stops: Bool = false, thresholdPPM: UInt32 = 0, bytesPerSecond: UInt64 = 0) {
        self.stops = stops
        self.thresholdPPM = thresholdPPM
        self.bytesPerSecond = bytesPerSecond
    }

    package static let codec = WireCodec<Self>(
        dfs__set_balance_request__init,
        read: { field in
            Self(
                stops: field.stops != 0, thresholdPPM: field.threshold_ppm, bytesPerSecond: field.bytes_per_second)
        },
        write: { message, field, _ throws(WireError) in
            field.stops = message.stops ? 1 : 0
            field.threshold_ppm = message.thresholdPPM
            field.bytes_per_second = message.bytesPerSecond
        })
}

/// `dfs.SetBalanceResponse`.
package struct SetBalanceResponse: WireMessage {
    package var status: BalanceStatus

    package init(status: BalanceStatus = BalanceStatus()) { self.status = status }

    package static let codec = WireCodec<Self>(
        dfs__set_balance_response__init,
        read: { Self(status: nested($0.status) ?? BalanceStatus()) },
        write: { message, field, writer throws(WireError) in field.status = try writer.nested(message.status) })
}

/// `dfs.BalanceStatus`: how far balancing has come.
package struct BalanceStatus: WireMessage {
    package var isRunning = false
    package var thresholdPPM: UInt32 = 0
    package var bytesPerSecond: UInt64 = 0
    /// Under way.
    package var movingChunks: UInt64 = 0
    /// Since it was started.
    package var movedChunks: UInt64 = 0
    package var movedBytes: UInt64 = 0
    package var failedMoves: UInt64 = 0
    /// At least, to come within the threshold.
    package var bytesToMove: UInt64 = 0
    /// What it waits for, or how it ended.
    package var note = ""

    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__balance_status__init,
        read: { field in
            var message = Self()
            message.isRunning = field.is_running != 0
            message.thresholdPPM = field.threshold_ppm
            message.bytesPerSecond = field.bytes_per_second
            message.movingChunks = field.moving_chunks
            message.movedChunks = field.moved_chunks
            message.movedBytes = field.moved_bytes
            message.failedMoves = field.failed_moves
            message.bytesToMove = field.bytes_to_move
            message.note = text(field.note)
            return message
        },
        write: { message, field, writer throws(WireError) in
            field.is_running = message.isRunning ? 1 : 0
            field.threshold_ppm = message.thresholdPPM
            field.bytes_per_second = message.bytesPerSecond
            field.moving_chunks = message.movingChunks
            field.moved_chunks = message.movedChunks
            field.moved_bytes = message.movedBytes
            field.failed_moves = message.failedMoves
            field.bytes_to_move = message.bytesToMove
            field.note = try writer.text(message.note, "note")
        })
}
