import Testing

extension ClusterTests {
    /// What nodes show over HTTP.
    @Suite struct StatusPageTests {
        /// The status and body of a page.
        private func page(_ path: String, _ port: UInt16) async throws -> (status: Int, body: String) {
            let page = try await HTTPPage(path, port: port)
            return (page.status, page.body)
        }

        /// It may not listen yet.
        private func isReady(_ port: UInt16) async -> Bool { (try? await page("/readyz", port).status) == 200 }

        /// The value of a sample, written as it stands in the text.
        private func value(_ sample: String, _ port: UInt16) async throws -> Double? {
            let body = try await page("/metrics", port).body
            let line = body.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
            return line.flatMap { Double($0.dropFirst(sample.count + 1)) }
        }

        @Test func serversOfOursTellDifferencesAndAllOnlyWhenASessionBegins() async throws {
            try await Cluster.run { cluster in
                let port = try LoopbackPort.free()
                try await cluster.stopMaster()
                try await cluster.startMaster(extra: ["-http-listen", "127.0.0.1:\(port)"])
                let full = #"dfs_master_reports_total{kind="full"}"#
                let count = 2.0
                // The page comes up after the master's port.
                try await eventually("a full report of each server") { (try? await value(full, port)) == count }
                for number in 0..<3 {
                    let source = try cluster.folder.randomFile("in\(number)", bytes: 100_000)
                    try await cluster.put(source, as: "f\(number)")
                }
                try await eventually("heartbeats") {
                    try await value(#"dfs_master_reports_total{kind="difference"}"#, port) ?? 0 >= 2 * count
                }
                try await cluster.killServer(0)
                try await cluster.startServer(0)
                try await eventually("a new session") { try await value(full, port) == count + 1 }
                try await eventually("replicas that are known") {
                    let chunks = try await value(
                        #"dfs_master_server_chunks{server="\#(cluster.serverAddress(0))",kind="swift"}"#, port)
                    return chunks ?? 0 >= 1
                }
                #expect(try await value("dfs_master_report_mismatches_total", port) == 0)
                #expect(try await value(#"dfs_master_reports_total{kind="list"}"#, port) == 0)
            }
        }

        @Test func nodesTellHowTheyAre() async throws {
            try await Cluster.run { cluster in
                let (masterPort, serverPort) = (try LoopbackPort.free(), try LoopbackPort.free())
                try await cluster.stopServer(0)
                try await cluster.startServer(0, extra: ["-http-listen", "127.0.0.1:\(serverPort)"])
                try await cluster.stopMaster()
                try await cluster.startMaster(extra: ["-http-listen", "127.0.0.1:\(masterPort)"])
                try await eventually("a master that is ready") { await isReady(masterPort) }
                try await eventually("a server that is ready") { await isReady(serverPort) }
                #expect(try await page("/healthz", serverPort).status == 200)

                let source = try cluster.folder.randomFile("in", bytes: (2 << 20) + 1)
                try await cluster.put(source, as: "f")
                let call = #"{grpc_type="unary",grpc_service="dfs.Namespace",grpc_method="Create",grpc_code="OK"}"#
                #expect(try await value("grpc_server_handled_total\(call)", masterPort) == 1)
                #expect(try await value(#"dfs_master_files{state="complete"}"#, masterPort) ?? 0 >= 2)
                let alive = #"dfs_master_server_alive{server="\#(cluster.serverAddress(1))",kind="swift"}"#
                #expect(try await value(alive, masterPort) == 1)
                #expect(try await value(#"dfs_chunkserver_chunks{state="complete"}"#, serverPort) ?? 0 >= 3)
                #expect(try await value("dfs_chunkserver_chunk_bytes", serverPort) ?? 0 >= Double((2 << 20) + 1))
                let upload =
                    #"{grpc_type="client_stream",grpc_service="chunk.ChunkService",grpc_method="UploadChunk",le="+Inf"}"#
                #expect(try await value("grpc_server_handling_seconds_bucket\(upload)", serverPort) ?? 0 >= 3)

                try await cluster.killServer(1)
                try await eventually("a server that is known to be dead") { try await value(alive, masterPort) == 0 }
                try await eventually("chunks that cannot be repaired") {
                    try await value("dfs_master_repair_stuck_chunks", masterPort) ?? 0 >= 3
                }
                let missing = #"dfs_master_chunk_copies{state="missing"}"#
                #expect(try await value(missing, masterPort) == 0)
                try await cluster.killServer(0)
                try await eventually("chunks without a copy") { try await value(missing, masterPort) ?? 0 >= 3 }
                try await cluster.startServer(0, extra: ["-http-listen", "127.0.0.1:\(serverPort)"])
                try await eventually("chunks that have one again") { try await value(missing, masterPort) == 0 }
                try await eventually("a server that is ready again") { await isReady(serverPort) }
                try await cluster.killMaster()
                try await eventually("a server without a master") {
                    try await page("/readyz", serverPort).status == 503
                }
                #expect(try await value("dfs_chunkserver_master_session", serverPort) == 0)
            }
        }

        @Test func aMasterInSafeModeIsNotReady() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 1000)
                try await cluster.put(source, as: "f")
                let port = try LoopbackPort.free()
                try await cluster.stopServer(0)
                try await cluster.stopServer(1)
                try await cluster.stopMaster()
                try await cluster.startMaster(extra: ["-http-listen", "127.0.0.1:\(port)"])
                // It may not listen yet.
                let page = try await eventually("a page") { try? await HTTPPage("/readyz", port: port) }
                #expect(page.status == 503)
                #expect(page.body.contains("safe mode"))
                #expect(try await value("dfs_master_safe_mode", port) == 1)
                #expect(try await value("dfs_master_unheard_chunks", port) ?? 0 >= 1)
            }
        }

        @Test func aNodeWhoseHTTPPortIsTakenDoesNotStart() async throws {
            try await Cluster.run(Cluster.Setup(chunkServers: 0)) { cluster in
                let second = try ChildProcess(
                    BuiltBinaries.master,
                    [
                        "-listen", "127.0.0.1:0", "-meta-dir", cluster.folder.file("other"), "-http-listen",
                        cluster.masterAddress,
                    ], log: cluster.folder.file("second"))
                #expect(try await second.waitForEnd(within: .seconds(20)) == .exited(1))
                #expect(second.stderr.contains("choose another -http-listen"))
            }
        }
    }
}
