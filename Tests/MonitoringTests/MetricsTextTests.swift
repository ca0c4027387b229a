import Testing

@testable import Monitoring

@Suite("metrics in Prometheus' text format")
struct MetricsTextTests {
    @Test("a family has a head, and a line for each value")
    func family() {
        var metrics = MetricsText()
        metrics.begin("dfs_files", .gauge, "Files,\nby \"state\" \\ kind.")
        metrics.add(3, [("state", "open")])
        metrics.add(0.25, [("state", "a\"b\\c\nd"), ("kind", "ü")])
        #expect(
            metrics.text == """
                # HELP dfs_files Files,\\nby "state" \\\\ kind.
                # TYPE dfs_files gauge
                dfs_files{state="open"} 3
                dfs_files{state="a\\"b\\\\c\\nd",kind="ü"} 0.25

                """)
    }

    @Test("numbers that are none are written as Prometheus reads them")
    func numbers() {
        #expect(MetricsText.number(.infinity) == "+Inf")
        #expect(MetricsText.number(-.infinity) == "-Inf")
        #expect(MetricsText.number(.nan) == "NaN")
        #expect(MetricsText.number(0.005) == "0.005")
        #expect(MetricsText.number(1) == "1.0")
    }

    @Test("the process tells of its CPU time, memory and descriptors")
    func process() {
        var metrics = MetricsText()
        ProcessMetrics.write(to: &metrics)
        for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
            let line = metrics.text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
            let value = line.flatMap { Double($0.dropFirst(name.count + 1)) }
            #expect((value ?? 0) > 0, "\(name): \(line ?? "missing")")
        }
    }
}
