import DFSFiles
import Glibc

/// What the operating system says of this process, under the names that Prometheus' own clients use.
package enum ProcessMetrics {
    /// Adds the families; one that the system does not tell is left out.
    package static func write(to metrics: inout MetricsText) {
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            metrics.begin("process_cpu_seconds_total", .counter, "CPU time of the process, user and system.")
            metrics.add(seconds(usage.ru_utime) + seconds(usage.ru_stime))
        }
        if let pages = residentPages() {
            metrics.single(
                "process_resident_memory_bytes", .gauge, "Memory that is resident.",
                pages * sysconf(Int32(_SC_PAGESIZE)))
        }
        if let names = try? PosixFileSystem().names(inFolder: "/proc/self/fd") {
            metrics.single("process_open_fds", .gauge, "Open file descriptors.", names.count)
        }
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// The second number in `/proc/self/statm` (proc(5)).
    private static func residentPages() -> Int? {
        guard let file = try? PosixFileSystem().open("/proc/self/statm", .reading),
            var bytes = try? file.read(upTo: 128, at: 0)
        else { return nil }
        let text = bytes.readString(length: bytes.readableBytes) ?? ""
        let numbers = text.split(separator: " ")
        return numbers.count > 1 ? Int(numbers[1]) : nil
    }
}
