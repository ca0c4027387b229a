// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: no warning survives a build.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// Targets outside the rooms that may hold unsafe code: the compiler proves that they do not.
let memorySafe: [SwiftSetting] = strict + [.strictMemorySafety()]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "dfs",
    products: [
        .library(name: "DFSClient", targets: ["DFSClient"]),
        .executable(name: "dfs-master", targets: ["dfs-master"]),
        .executable(name: "dfs-chunkserver", targets: ["dfs-chunkserver"]),
        .executable(name: "dfs-client", targets: ["dfs-client"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // C libraries: a module map and a shim each, nothing else.
        .systemLibrary(
            name: "CNGHTTP2", path: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(
            name: "CProtobufC", path: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]
        ),
        .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CMessages", dependencies: ["CProtobufC"]),
        .target(name: "CInteropMessages", dependencies: ["CProtobufC"]),
        .target(name: "CLinux"),

        // Foundations.
        .target(name: "DFSCore", dependencies: ["CISAL"], swiftSettings: strict),

        // The room for system calls on files, behind a seam.
        .target(name: "DFSFiles", dependencies: ["DFSCore", "CLinux", nioCore], swiftSettings: strict),

        // gRPC.
        .target(name: "HTTP2", dependencies: ["CNGHTTP2", deque, nioCore], swiftSettings: strict),
        .target(name: "Gzip", dependencies: ["CZlib", nioCore], swiftSettings: strict),
        .target(
            name: "RPC",
            dependencies: ["HTTP2", "Gzip", deque, nioCore, nioPosix, nioTLS, nioSSL, logging],
            swiftSettings: strict),

        // The wire: messages, and the services spoken between nodes.
        .target(name: "DFSWire", dependencies: ["CMessages", "CProtobufC", "DFSCore", nioCore], swiftSettings: strict),
        .target(
            name: "DFSServices", dependencies: ["RPC", "DFSWire", "DFSCore", nioCore, logging],
            swiftSettings: memorySafe),
        .target(
            name: "RPCServices", dependencies: ["DFSServices", "RPC", "DFSWire", "DFSCore"],
            swiftSettings: memorySafe),

        // Decisions, and what makes them durable.
        .target(name: "DFSMetadata", dependencies: ["DFSCore"], swiftSettings: memorySafe),
        .target(
            name: "DFSChunkStore", dependencies: ["DFSFiles", "DFSCore", nioCore], swiftSettings: memorySafe),
        .target(
            name: "DFSMetadataStore", dependencies: ["DFSMetadata", "DFSFiles", "DFSCore", grdb, nioCore],
            swiftSettings: memorySafe),

        // What watches nodes sees, by plain HTTP.
        .target(
            name: "Monitoring", dependencies: ["RPC", "DFSFiles", "DFSCore", nioCore, nioHTTP1, nioPosix, logging],
            swiftSettings: strict),

        // Nodes and client.
        .target(
            name: "DFSMaster",
            dependencies: [
                "DFSMetadata", "DFSMetadataStore", "Monitoring", "DFSFiles", "RPCServices", "DFSServices", "DFSWire",
                "RPC",
                "DFSCore", nioCore, nioPosix, logging,
            ],
            swiftSettings: memorySafe),
        .target(
            name: "DFSChunkServer",
            dependencies: [
                "DFSChunkStore", "Monitoring", "DFSFiles", "RPCServices", "DFSServices", "DFSWire", "RPC", "DFSCore",
                nioCore,
                nioPosix, logging,
            ],
            swiftSettings: memorySafe),
        .target(
            name: "DFSClient",
            dependencies: ["DFSServices", "DFSFiles", "DFSWire", "RPC", "DFSCore", nioCore, nioPosix, logging],
            swiftSettings: memorySafe),

        // Worlds for tests: clocks, disks and networks that fail on command.
        .target(
            name: "DFSSimulation",
            dependencies: [
                "DFSMetadata", "DFSChunkStore", "DFSChunkServer", "DFSWire", "DFSFiles", "DFSCore", nioCore,
            ],
            swiftSettings: strict),

        // Binaries.
        .target(
            name: "DFSCommandLine",
            dependencies: ["DFSFiles", "DFSCore", argumentParser, logging, serviceLifecycle, unixSignals, nioCore],
            swiftSettings: strict),
        .executableTarget(
            name: "dfs-master",
            dependencies: [
                "DFSMaster", "DFSMetadataStore", "DFSMetadata", "DFSServices", "DFSFiles", "DFSCommandLine", "DFSCore",
                argumentParser,
            ],
            swiftSettings: memorySafe),
        .executableTarget(
            name: "dfs-chunkserver",
            dependencies: [
                "DFSChunkServer", "DFSServices", "DFSFiles", "DFSCommandLine", "DFSCore", argumentParser, logging,
            ],
            swiftSettings: memorySafe),
        .executableTarget(
            name: "dfs-client", dependencies: ["DFSClient", "DFSFiles", "DFSCommandLine", "DFSCore", argumentParser],
            swiftSettings: memorySafe),

        // What the README shows of the SDK, word for word.
        .executableTarget(
            name: "sdk-example", dependencies: ["DFSClient"], path: "Examples/sdk-example", swiftSettings: memorySafe),

        // gRPC's interop tests, both sides: nothing of this is in the product's binaries.
        .target(
            name: "InteropMessages", dependencies: ["CInteropMessages", "CProtobufC", "DFSWire"], swiftSettings: strict),
        .target(
            name: "RPCInterop",
            dependencies: [
                "InteropMessages", "RPCServices", "DFSServices", "DFSWire", "RPC", "DFSCore", nioCore, nioPosix,
                logging,
            ],
            swiftSettings: memorySafe),
        .executableTarget(
            name: "interop-server",
            dependencies: ["RPCInterop", "RPC", "DFSCommandLine", "DFSCore", argumentParser, logging],
            swiftSettings: memorySafe),
        .executableTarget(
            name: "interop-client",
            dependencies: ["RPCInterop", "RPC", "DFSCommandLine", "DFSCore", argumentParser, logging],
            swiftSettings: memorySafe),

        // Hunts for lost data by seeds.
        .executableTarget(
            name: "dfs-sim", dependencies: ["DFSSimulation", "DFSCommandLine", argumentParser], swiftSettings: strict),

        // Measures the gRPC layer alone.
        .executableTarget(
            name: "rpc-bench",
            dependencies: ["RPC", "DFSFiles", "BenchSupport", argumentParser, logging, nioCore, nioPosix],
            swiftSettings: strict),

        // Measures the master: fills its store, plays its chunk servers and clients.
        .executableTarget(
            name: "meta-bench",
            dependencies: [
                "DFSMetadataStore", "DFSMetadata", "DFSServices", "DFSFiles", "DFSWire", "RPC", "DFSCore",
                "BenchSupport", argumentParser, logging, nioCore, nioPosix,
            ],
            swiftSettings: memorySafe),
        .target(name: "BenchSupport", dependencies: [argumentParser], swiftSettings: strict),

        // Certificates for tests.
        .target(name: "TestCertificates", path: "Tests/TestCertificates", swiftSettings: strict),
        // Feeds the gRPC layer with made-up input.
        .executableTarget(
            name: "rpc-fuzz",
            dependencies: ["RPC", "HTTP2", "Gzip", "DFSWire", argumentParser, logging, nioCore, nioPosix],
            swiftSettings: strict),

        // Tests mirror Sources; ClusterTests runs the built binaries as real processes.
        .testTarget(name: "DFSCoreTests", dependencies: ["DFSCore"]),
        .testTarget(name: "DFSFilesTests", dependencies: ["DFSFiles", "DFSSimulation", "DFSCore", "CLinux", nioCore]),
        .testTarget(name: "GzipTests", dependencies: ["Gzip", nioCore]),
        .testTarget(name: "HTTP2Tests", dependencies: ["HTTP2", nioCore]),
        .testTarget(
            name: "RPCTests",
            dependencies: [
                "RPC", "HTTP2", "Gzip", "TestCertificates", nioCore, nioEmbedded, nioPosix, nioSSL, logging,
            ]),
        .testTarget(name: "DFSWireTests", dependencies: ["DFSWire", "DFSCore", "CMessages", "CProtobufC", nioCore]),
        .testTarget(name: "DFSServicesTests", dependencies: ["DFSServices", "RPC", "DFSWire", "DFSCore", nioPosix]),
        .testTarget(
            name: "RPCServicesTests",
            dependencies: ["RPCServices", "DFSServices", "RPC", "DFSWire", "DFSCore", nioPosix, logging]),
        .testTarget(
            name: "RPCInteropTests",
            dependencies: [
                "RPCInterop", "InteropMessages", "DFSServices", "RPC", "DFSCore", "TestCertificates", nioPosix, logging,
            ]),
        .testTarget(
            name: "MonitoringTests", dependencies: ["Monitoring", "RPC", "DFSCore", nioCore, nioPosix, logging]),
        .testTarget(name: "DFSMetadataTests", dependencies: ["DFSMetadata", "DFSCore"], exclude: ["Transcripts"]),
        .testTarget(
            name: "DFSMetadataStoreTests",
            dependencies: ["DFSMetadataStore", "DFSMetadata", "DFSFiles", "DFSCore", grdb]),
        .testTarget(
            name: "DFSChunkStoreTests",
            dependencies: ["DFSChunkStore", "DFSFiles", "DFSSimulation", "DFSCore", nioCore]),
        .testTarget(
            name: "DFSMasterTests",
            dependencies: ["DFSMaster", "DFSMetadata", "DFSServices", "DFSWire", "RPC", "DFSCore", nioPosix]),
        .testTarget(
            name: "DFSChunkServerTests",
            dependencies: [
                "DFSChunkServer", "DFSChunkStore", "DFSFiles", "DFSSimulation", "DFSServices", "DFSWire", "RPC",
                "DFSCore", nioCore,
                nioPosix,
            ]),
        .testTarget(
            name: "DFSClientTests",
            dependencies: [
                "DFSClient", "DFSFiles", "DFSSimulation", "DFSServices", "DFSWire", "RPC", "DFSCore", nioPosix,
            ]),
        .testTarget(name: "DFSSimulationTests", dependencies: ["DFSSimulation"]),
        .testTarget(name: "DFSCommandLineTests", dependencies: ["DFSCommandLine", "DFSCore"]),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "DFSClient", "DFSServices", "DFSWire", "RPC", "DFSFiles", "DFSCore", "TestCertificates", "dfs-master",
                "dfs-chunkserver", "dfs-client", "sdk-example", logging, nioCore, nioPosix,
            ]),
    ],
    swiftLanguageModes: [.v6]
)
