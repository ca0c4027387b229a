@testable import DFSWire

/// Messages with every field set, with none, and with values at the ends of their types.
enum Samples {
    static let names = ["", "a_0", "dir%2Fpart.00000000000000ff_12", "ü/日本\u{1F600}", "x\u{7F}\n y"]

    static let all: [any WireMessage] =
        masterMessages + chunkMessages + clusterMessages + namespaceMessages + adminMessages + operatorMessages
        + repairMessages
        + leaseMessages
        + standardMessages

    static let masterMessages: [any WireMessage] = [
        RegisterChunkServerRequest(),
        RegisterChunkServerRequest(serverAddress: ":9001", freeStorage: .max, chunks: names),
        RegisterChunkServerResponse(), RegisterChunkServerResponse(success: true),
        HeartbeatRequest(serverAddress: "[::1]:9001", freeStorage: -1, chunks: ["a_0", "a_0", ""]),
        HeartbeatResponse(),
        HeartbeatResponse(
            replicationTasks: [ReplicationTask(chunkID: "a_0", targetAddress: ":9002"), ReplicationTask()],
            deleteTasks: names.map { DeleteTask(chunkID: $0) }),
        AllocateChunkRequest(fileName: "a", chunkIndex: .min), AllocateChunkRequest(fileName: "", chunkIndex: .max),
        AllocateChunkResponse(chunkID: "a_0", replicaServers: [":9001", "10.0.0.1:9002"]),
        GetFileInfoRequest(fileName: names[3]),
        GetFileInfoResponse(fileInfo: names.map { FileChunkInfo(chunkID: $0, replicaServers: names) }),
    ]

    static let chunkMessages: [any WireMessage] = [
        DownloadChunkRequest(chunkID: "a_0"), UploadChunkStatus(success: true), UploadChunkStatus(),
    ]

    static let clusterMessages: [any WireMessage] = [
        DescribeRequest(), CompleteResponse(), AbandonResponse(), OpenRequest(name: "a/b"),
        DescribeResponse(
            role: "master", version: "1", clusterID: "c", nodeID: "n", chunkSize: .max, replication: .max,
            takesDifferences: true),
        CreateRequest(name: "a", replication: 3), CreateResponse(uploadID: "u", chunkSize: 64 << 20, replication: 2),
        CompleteRequest(
            uploadID: "u", chunks: [ChunkDigest(chunkID: "a_0", length: .max, crc32c: .max), ChunkDigest()],
            replicas: [ChunkReplicas(servers: names), ChunkReplicas()]),
        AbandonRequest(uploadID: "u"),
        OpenResponse(
            length: 3, chunkSize: 2,
            chunks: [
                OpenChunk(
                    digest: ChunkDigest(chunkID: "a_0", length: 2, crc32c: 7), digestKnown: true, version: 9,
                    servers: [":1"]),
                OpenChunk(),
            ]),
        ReportRequest(serverAddress: ":9001", syncedOn: names),
        ReportRequest(
            serverAddress: ":9001", nodeID: "n",
            chunks: names.map { ChunkDigest(chunkID: $0, length: 1, crc32c: 2, isAdopted: true) },
            tlsPort: 9443, damagedChunks: names, keptDamagedChunks: names),
        OpenAppendRequest(), CloseAppendRequest(), CloseAppendRequest(name: "logs/a", writerID: "w"),
        OpenAppendRequest(
            name: "logs/a", writerID: "w", isExclusive: true, failedChunk: "a.00ff_1", failedVersion: 3,
            excluded: [":9001", "h:9002"]),
        OpenAppendResponse(), CloseAppendResponse(),
        OpenAppendResponse(
            chunkID: "a.00ff_1", version: 4, servers: [":9001", "h:9002"], start: 1 << 40, chunkSize: 64 << 20,
            claimMilliseconds: 60_000),
        InventoryRequest(), HeldChunk(), InventoryResponse(),
        InventoryRequest(
            serverAddress: ":9001", nodeID: "n", tlsPort: 9443, freeBytes: .max, begins: true, keyLow: 1,
            keyHigh: .max,
            added: names.map {
                HeldChunk(chunkID: $0, isVerified: true, length: .max, crc32c: .max, isAdopted: true)
            },
            changed: [HeldChunk(chunkID: "a_0")], removed: names, isPartial: true, digestLow: .max,
            digestHigh: 2, count: 3),
        InventoryResponse(
            replicationTasks: [ReplicationTask(chunkID: "a_0", targetAddress: ":9002")],
            deleteTasks: [DeleteTask(chunkID: "a_1")], isAnswer: true, unwantedChunks: names, wantsFullReport: true),
        UploadTargetsRequest(serverAddress: ":9001", chunkID: "a.00ff_1"), UploadTargetsRequest(),
        UploadTargetsResponse(), UploadTargetsResponse(servers: [":9002", "h:9003"]),
        SecurePortRequest(server: ":9001"), SecurePortRequest(), SecurePortResponse(), SecurePortResponse(port: .max),
        ReportResponse(clusterID: "c", unwantedChunks: names, expendableChunks: names),
        ReportDamageRequest(chunkID: "a_0", server: ":9001"), ReportDamageRequest(), ReportDamageResponse(),
        LendRequest(chunkID: "a_0"), LendRequest(), LendResponse(),
        LendResponse(socketPath: "/s", token: [0, 255], length: .max, blockSize: .max, checksums: [1, 2, 3, 4]),
        CheckReplicaRequest(chunkID: "a_0"), CheckReplicaRequest(), CheckReplicaResponse(),
        CheckReplicaResponse(digest: ChunkDigest(chunkID: "a_0", length: .max, crc32c: .max), isSound: true),
    ]

    private static let file = FileStatus(
        name: "a", length: .max, replication: 2, chunkCount: 3, createdAt: 4, modifiedAt: .max)

    private static let attributes = names.map { Attribute(name: $0, value: "v" + $0) }

    static let namespaceMessages: [any WireMessage] = [
        CreateRequest(name: "a/b", replication: 1, replaces: true, requestID: "r", attributes: attributes),
        Attribute(), Attribute(name: "ü", value: "1"), OpenResponse(attributes: attributes), SetAttributesResponse(),
        SetAttributesRequest(path: "a", added: attributes, removed: names, requestID: "r"), SetAttributesRequest(),
        file, FileStatus(), StatRequest(path: "a"), StatRequest(),
        StatResponse(node: file, crc32c: .max, attributes: attributes),
        StatResponse(crc32c: 0), StatResponse(),
        ListRequest(folder: "a", after: "b", limit: .max), ListRequest(),
        ListResponse(nodes: [file, FileStatus(name: "f", isFolder: true, createdAt: 1)], hasMore: true), ListResponse(),
        MakeFolderRequest(path: "ü/b c"), MakeFolderRequest(), MakeFolderResponse(),
        RenameRequest(source: "a", target: "b", replaces: true, requestID: "r"), RenameRequest(), RenameResponse(),
        RemoveRequest(path: "a", isRecursive: true, requestID: "r"), RemoveRequest(), RemoveResponse(),
        SetReplicationRequest(path: "a", replication: 3), SetReplicationRequest(), SetReplicationResponse(),
        ListTrashRequest(after: "1", limit: 2), ListTrashRequest(),
        ListTrashResponse(
            entries: [TrashEntry(id: "1", removedAt: .max, isPurging: true, node: file), TrashEntry()], hasMore: true),
        ListTrashResponse(), RestoreRequest(id: "1", target: "a", requestID: "r"), RestoreRequest(), RestoreResponse(),
        EmptyTrashRequest(id: "1", requestID: "r"), EmptyTrashRequest(), EmptyTrashResponse(),
    ]

    static let adminMessages: [any WireMessage] = [
        SetServerStateRequest(server: ":9001", state: "maintenance", seconds: .max), SetServerStateRequest(),
        SetServerStateResponse(), SetServerStateResponse(state: serverState), GetServerStateRequest(server: ":9001"),
        GetServerStateRequest(), GetServerStateResponse(), GetServerStateResponse(state: serverState),
        GetReportRequest(), GetReportResponse(), report, SetBalanceRequest(),
        SetBalanceRequest(stops: true, thresholdPPM: .max, bytesPerSecond: .max), SetBalanceResponse(),
        SetBalanceResponse(status: balance),
    ]

    private static let serverState = ServerState(
        server: ":9001", state: "maintenance", isReady: true, secondsLeft: .max, blockingCount: .max,
        examples: [BlockingChunk(chunkID: "a_0", path: "d/a", copies: .max, wanted: 2), BlockingChunk()], reason: "ü")

    private static var balance: BalanceStatus {
        var balance = BalanceStatus()
        balance.isRunning = true
        (balance.thresholdPPM, balance.bytesPerSecond, balance.movingChunks) = (.max, .max, 3)
        (balance.movedChunks, balance.movedBytes, balance.failedMoves) = (4, .max, 5)
        (balance.bytesToMove, balance.note) = (6, "waits")
        return balance
    }

    private static var report: GetReportResponse {
        var report = GetReportResponse()
        (report.completeFiles, report.openFiles, report.chunks, report.isInSafeMode) = (.max, 2, 3, true)
        (report.unheardChunks, report.underChunks, report.overChunks, report.missingChunks) = (4, 5, 6, 7)
        (report.surplusWaiting, report.surplusUnread) = (12, .max)
        (report.corruptChunks, report.repairQueue, report.stuckRepairs, report.copyingChunks) = (8, 9, 10, 11)
        (report.trashEntries, report.orphans, report.balance) = (12, .max, balance)
        return report
    }

    static let operatorMessages: [any WireMessage] = [
        ListServersRequest(start: 1, limit: .max), ListServersRequest(),
        ListServersResponse(
            servers: [
                ServerStatus(
                    address: ":9001", kind: "swift", nodeID: "n", isAlive: true, lastHeardAt: .max, freeBytes: .max,
                    chunkCount: .max, orphanCount: .max, state: "maintenance", usedBytes: .max, copiesOut: .max,
                    copiesIn: 1, deletions: .max, silentSeconds: .max), ServerStatus(),
            ], hasMore: true), ListServersResponse(),
        CheckFilesRequest(path: "a", after: CheckPosition(parts: names, chunks: .max), withChunks: true),
        CheckFilesRequest(), CheckFilesRequest(after: CheckPosition()),
        CheckFilesResponse(
            files: [
                CheckedFile(
                    path: "a/b", isOpen: true, length: .max, replication: 1, chunkCount: 2, firstChunk: 3,
                    healthyChunks: 4, underReplicatedChunks: 5, missingChunks: .max,
                    chunks: [
                        CheckedChunk(
                            digest: ChunkDigest(chunkID: "a_0", length: 1, crc32c: 2), digestKnown: true,
                            servers: names), CheckedChunk(),
                    ]), CheckedFile(),
            ], end: CheckPosition(parts: ["b"], chunks: 1), isStarting: true), CheckFilesResponse(),
    ]

    static let repairMessages: [any WireMessage] = [
        GetRepairRequest(), SetRepairLimitsRequest(),
        SetRepairLimitsRequest(
            copiesPerSource: 1, copiesPerTarget: 2, copies: 0, bytesPerSecondPerSource: .max, bytesPerSecond: 0,
            goesOn: true), repairReport, RepairReport(),
    ]

    private static var repairReport: RepairReport {
        var report = RepairReport(
            limits: RepairLimits(
                copiesPerSource: 1, copiesPerTarget: 2, copies: .max, bytesPerSecondPerSource: 4, bytesPerSecond: 5),
            waiting: [1, 2, .max],
            lostServers: [
                LostServer(address: ":9001", silentSeconds: 1, chunks: .max, shortChunks: 3, isAwaited: true),
                LostServer(),
            ])
        (report.stuck, report.runningCopies, report.runningBytes) = (1, 2, 3)
        (report.doneCopies, report.doneBytes, report.lateCopies, report.bytesPerSecond) = (4, 5, 6, .max)
        (report.estimatedSeconds, report.stormSeconds) = (0, .max)
        (report.lastDetectionMilliseconds, report.lastRestorationMilliseconds, report.lostServerCount) = (7, 8, 9)
        return report
    }

    private static let open = OpenChunkVersion(chunkID: "ü.00ff_1", version: .max)

    static let leaseMessages: [any WireMessage] = [
        open, OpenChunkVersion(), EndedChunk(chunk: open, failed: names),
        RenewLeasesRequest(
            serverAddress: ":9001", nodeID: "n", held: [open, OpenChunkVersion()],
            ended: [EndedChunk(chunk: open, failed: [":9002"]), EndedChunk()]), RenewLeasesRequest(),
        RenewLeasesResponse(
            leaseMilliseconds: .max, granted: [Lease(chunk: open, servers: names, chunkSize: .max), Lease()],
            refused: names), RenewLeasesResponse(),
        AppendResponse(offset: .max), AppendResponse(), ReplicateResponse(length: .max), ReplicateResponse(),
        FenceRequest(chunk: open), FenceRequest(), FenceResponse(hasChunk: true, length: .max, isSealed: true),
        FenceResponse(), SealRequest(chunk: open, length: .max), SealRequest(), SealResponse(crc32c: .max),
        SealResponse(),
    ]

    static let standardMessages: [any WireMessage] = [
        HealthCheckRequest(service: "dfs.Node"), HealthCheckResponse(status: .serviceUnknown), HealthCheckResponse(),
        ServerReflectionRequest(host: "h", .fileByFilename("a.proto")),
        ServerReflectionRequest(.fileContainingSymbol("dfs.Node")), ServerReflectionRequest(.listServices("")),
        ServerReflectionRequest(
            .fileContainingExtension(ExtensionRequest(containingType: "dfs.X", extensionNumber: .min))),
        ServerReflectionRequest(.allExtensionNumbersOfType("dfs.X")), ServerReflectionRequest(),
        ServerReflectionResponse(
            validHost: "h", originalRequest: ServerReflectionRequest(.listServices("*")),
            .listServices(ListServiceResponse(service: names.map { ServiceResponse(name: $0) }))),
        ServerReflectionResponse(
            .fileDescriptor(FileDescriptorResponse(fileDescriptorProto: [[], [0, 0xFF], [1, 2, 3]]))),
        ServerReflectionResponse(.allExtensionNumbers(ExtensionNumberResponse(baseTypeName: "dfs.X"))),
        ServerReflectionResponse(.error(ErrorResponse(errorCode: 5, errorMessage: "no"))), ServerReflectionResponse(),
    ]
}
