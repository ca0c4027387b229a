import Foundation
import Testing

extension ClusterTests {
    /// What Prometheus makes of the pages of live nodes, and whether our rules and dashboard ask for what is there.
    @Suite struct MetricsFormatTests {
        /// Labels that Prometheus itself adds to what it scrapes.
        private static let scraped: Set = ["job", "instance", "le"]

        private static func document(_ name: String) throws -> String {
            let file = URL(filePath: #filePath).appending(path: "../../../../docs/operations/\(name)").standardized
            return try String(contentsOf: file, encoding: .utf8)
        }

        /// Both pages of a cluster that has worked, mended and failed.
        private func pages(_ cluster: Cluster) async throws -> [PrometheusText] {
            let (masterPort, serverPort) = (try LoopbackPort.free(), try LoopbackPort.free())
            try await cluster.stopServer(0)
            try await cluster.startServer(0, extra: ["-http-listen", "127.0.0.1:\(serverPort)"])
            try await cluster.stopMaster()
            try await cluster.startMaster(
                extra: ["-http-listen", "127.0.0.1:\(masterPort)", "-backup-dir", cluster.folder.file("backups")])
            for port in [masterPort, serverPort] {
                // It may not listen yet.
                try await eventually("a node that is ready") {
                    (try? await HTTPPage("/readyz", port: port).status) == 200
                }
            }
            let source = try cluster.folder.randomFile("in", bytes: (2 << 20) + 1)
            try await cluster.put(source, as: #"a "quoted\" name"#)
            #expect(try await cluster.outcome(of: #"a "quoted\" name"#, source: source) == .whole)
            #expect(try await cluster.client("get", "none", cluster.folder.path).status == 3)
            return [
                try PrometheusText(await HTTPPage("/metrics", port: masterPort).body),
                try PrometheusText(await HTTPPage("/metrics", port: serverPort).body),
            ]
        }

        @Test func pagesAreValidAndRulesAndDashboardAskForWhatIsThere() async throws {
            try await Cluster.run { cluster in
                let pages = try await pages(cluster)
                for page in pages { #expect(page.families.count > 10) }
                for document in ["alerts.yaml", "dashboard.json"] {
                    try expectKnown(try Self.document(document).replacing(#"\""#, with: "\""), document, pages)
                }
            }
        }

        private func expectKnown(_ text: String, _ document: String, _ pages: [PrometheusText]) throws {
            let queries = text.matches(of: /\b((?:dfs|grpc|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/)
                .filter { !["dfs_master", "dfs_chunkserver"].contains($0.1) && !$0.1.hasPrefix("grpc_method") }
            let names = Set(queries.map { String($0.1) }).subtracting(["grpc_code", "grpc_service", "grpc_type"])
            #expect(names.count > 5)
            for name in names {
                #expect(pages.contains { $0.family(name) != nil }, "\(document) asks for \(name), which no node has")
            }
            for query in queries {
                guard let selector = query.2, let family = pages.lazy.compactMap({ $0.family(String(query.1)) }).first
                else { continue }
                for label in selector.matches(of: /([a-z_]+) *(?:=~|!~|!=|=)/) {
                    #expect(
                        family.labelNames.union(Self.scraped).contains(String(label.1)),
                        "\(document): \(family.name) has no label \(label.1)")
                }
            }
            let labels = pages.reduce(into: Self.scraped) { labels, page in
                for family in page.families.values { labels.formUnion(family.labelNames) }
            }
            for grouping in text.matches(of: /\bby *\(([^)]*)\)/) {
                for label in grouping.1.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) }) {
                    #expect(labels.contains(label), "\(document) groups by \(label), which nothing has")
                }
            }
        }

        @Test(arguments: [
            "a_total 1\n", "# HELP a_total x\n# TYPE a_total counter\na_total 1", "# TYPE a gauge\na 1\n",
            "# HELP a x\n# TYPE a gauge\na 1\na 2\n", "# HELP a x\n# TYPE a gauge\na{b=\"c\"d\"} 1\n",
            "# HELP a x\n# TYPE a gauge\na{b=\"c\",b=\"d\"} 1\n", "# HELP a x\n# TYPE a gauge\na one\n",
            "# HELP a x\n# TYPE a counter\na 1\n", "# HELP a x\n# TYPE a sort\na 1\n",
            "# HELP a x\n# TYPE a gauge\nb 1\n", "# HELP a x\n# TYPE a gauge\n\na 1\n",
            "# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
            "# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        ])
        func whatIsAgainstTheFormatIsFound(_ text: String) {
            #expect(throws: FixtureError.self) { try PrometheusText(text) }
        }

        @Test func whatTheFormatAllowsIsRead() throws {
            let page = try PrometheusText(
                "# HELP a x\n# TYPE a histogram\na_bucket{le=\"0.5\"} 1\na_bucket{le=\"+Inf\"} 2\na_sum 1e-3\na_count 2\n"
                    + "# HELP b_total x \\\\ \\n\n# TYPE b_total counter\nb_total{c=\"d\\\"\\\\\\n,}\",e=\"\"} 1\n")
            #expect(page.family("a_count")?.name == "a")
            #expect(page.family("b_total")?.labelNames == ["c", "e"])
        }
    }
}
