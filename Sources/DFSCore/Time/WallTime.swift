import Glibc

/// A moment of UTC, for people; nothing is decided by it.
package struct WallTime: Sendable, Equatable {
    /// Since 1970-01-01T00:00:00Z.
    package let seconds: Int
    /// 0 to 999,999,999.
    package let nanoseconds: Int

    package init(seconds: Int, nanoseconds: Int) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static var now: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// RFC 3339 with milliseconds, as `slog.TextHandler` writes it: `2026-11-22T19:00:00.000Z`.
    package var milliseconds: String { "\(dateAndTime).\(Self.padded(nanoseconds / 1_000_000, 3))Z" }

    /// RFC 3339 with up to nine decimals, as `slog.JSONHandler` writes it.
    package var shortest: String {
        guard nanoseconds > 0 else { return dateAndTime + "Z" }
        var digits = Self.padded(nanoseconds, 9)
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(dateAndTime).\(digits)Z"
    }

    /// The whole seconds in ISO 8601's basic form, for file names: `20261122T190000Z`. It sorts by time.
    package var compact: String { dateAndTime.filter { $0 != "-" && $0 != ":" } + "Z" }

    /// Reads what ``compact`` writes, of years up to 9999; `nil` for anything else.
    package init?(compact text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16 else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].reduce(0) { sum, byte in
                sum.flatMap { (48...57).contains(byte) ? $0 * 10 + Int(byte) - 48 : nil }
            }
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
            let minute = number(11..<13), let second = number(13..<15)
        else { return nil }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        self.init(seconds: days * 86_400 + hour * 3600 + minute * 60 + second, nanoseconds: 0)
        // A 31 February, or a minute of 61 seconds, is another moment's.
        guard compact == text else { return nil }
    }

    private var dateAndTime: String {
        let (days, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let (year, month, day) = Self.date(daysSince1970: days)
        let clock = [second / 3600, second / 60 % 60, second % 60].map { Self.padded($0, 2) }.joined(separator: ":")
        return "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))T\(clock)"
    }

    /// The other way round.
    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The Gregorian date, by counting from 1 March of year 0 in 400-year eras, so that leap days end a year.
    private static func date(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func padded(_ value: Int, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
