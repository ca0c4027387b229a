import Glibc

/// What standard error is connected to.
package enum Terminal {
    /// Whether a person watches: then a progress line may be shown.
    package static var isStandardErrorInteractive: Bool { isatty(STDERR_FILENO) == 1 }
}
