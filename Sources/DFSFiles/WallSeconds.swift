import Glibc

/// The machine's calendar clock, which may jump; for ages that must outlive processes only.
package enum WallSeconds {
    /// Seconds since 1970.
    package static func now() -> Int64 { Int64(time(nil)) }
}
