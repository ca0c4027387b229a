import CMessages

/// `dfs.GetRepairRequest`: how does the repair go?
package struct GetRepairRequest: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__get_repair_request__init, read: { _ in Self() }, write: { _, _, _ throws(WireError) in })
}

/// `dfs.RepairLimit`: a number that was given, be it 0.
struct RepairLimit: WireMessage {
    var value: UInt64

    static let codec = WireCodec<Self>(
        dfs__repair_limit__init,
        read: { field in Self(value: field.value) },
        write: { message, field, _ throws(WireError) in field.value = message.value })
}

/// `dfs.SetRepairLimitsRequest`: what is `nil` stays as it is.
package struct SetRepairLimitsRequest: WireMessage {
    /// That one server makes at a time.
    package var copiesPerSource: UInt64?
    /// That one server takes at a time.
    package var copiesPerTarget: UInt64?
    /// In the cluster at a time; 0 for no limit.
    package var copies: UInt64?
    /// 0 for no limit.
    package var bytesPerSecondPerSource: UInt64?
    /// In the cluster; 0 for no limit.
    package var bytesPerSecond: UInt64?
    /// Whether lost servers are not waited for any longer.
    package var goesOn: Bool

    package init(
        copiesPerSource: UInt64? = nil, copiesPerTarget: UInt64? = nil, copies: UInt64? = nil,
        bytesPerSecondPerSource: UInt64? = nil, bytesPerSecond: UInt64? = nil, goesOn: Bool = false
    ) {
        self.copiesPerSource = copiesPerSource
        self.copiesPerTarget = copiesPerTarget
        self.copies = copies
        self.bytesPerSecondPerSource = bytesPerSecondPerSource
        self.bytesPerSecond = bytesPerSecond
        self.goesOn = goesOn
    }

    package static let codec = WireCodec<Self>(
        dfs__set_repair_limits_request__init,
        read: { field in
            func number(_ limit: RepairLimit?) -> UInt64? { limit?.value }
            return Self(
                copiesPerSource: number(nested(field.copies_per_source)),
                copiesPerTarget: number(nested(field.copies_per_target)), copies: number(nested(field.copies)),
                bytesPerSecondPerSource: number(nested(field.bytes_per_second_per_source)),
                bytesPerSecond: number(nested(field.bytes_per_second)), goesOn: field.goes_on != 0)
        },
        write: { message, field, writer throws(WireError) in
            if let value = message.copiesPerSource {
                field.copies_per_source = try writer.nested(RepairLimit(value: value))
            }
            if let value = message.copiesPerTarget {
                field.copies_per_target = try writer.nested(RepairLimit(value: value))
            }
            if let value = message.copies { field.copies = try writer.nested(RepairLimit(value: value)) }
            if let value = message.bytesPerSecondPerSource {
                field.bytes_per_second_per_source = try writer.nested(RepairLimit(value: value))
            }
            if let value = message.bytesPerSecond {
                field.bytes_per_second = try writer.nested(RepairLimit(value: value))
            }
            field.goes_on = message.goesOn ? 1 : 0
        })
}

/// `dfs.RepairLimits`: how much may be copied at one time; 0 for no limit.
package struct RepairLimits: WireMessage {
    package var copiesPerSource: UInt32
    package var copiesPerTarget: UInt32
    package var copies: UInt64
    package var bytesPerSecondPerSource: UInt64
    package var bytesPerSecond: UInt64

    package init(
        copiesPerSource: UInt32 = 0, copiesPerTarget: UInt32 = 0, copies: UInt64 = 0,
        bytesPerSecondPerSource: UInt64 = 0, bytesPerSecond: UInt64 = 0
    ) {
        self.copiesPerSource = copiesPerSource
        self.copiesPerTarget = copiesPerTarget
        self.copies = copies
        self.bytesPerSecondPerSource = bytesPerSecondPerSource
        self.bytesPerSecond = bytesPerSecond
    }

    package static let codec = WireCodec<Self>(
        dfs__repair_limits__init,
        read: { field in
            Self(
                copiesPerSource: field.copies_per_source, copiesPerTarget: field.copies_per_target,
                copies: field.copies, bytesPerSecondPerSource: field.bytes_per_second_per_source,
                bytesPerSecond: field.bytes_per_second)
        },
        write: { message, field, _ throws(WireError) in
            field.copies_per_source = message.copiesPerSource
            field.copies_per_target = message.copiesPerTarget
            field.copies = message.copies
            field.bytes_per_second_per_source = message.bytesPerSecondPerSource
            field.bytes_per_second = message.bytesPerSecond
        })
}
