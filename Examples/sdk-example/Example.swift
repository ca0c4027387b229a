import DFSClient

@main
struct Example {
    static func main() async throws {
        let client = try DFSClient(master: CommandLine.arguments.dropFirst().first ?? "localhost:8000")
        do {
            try await keepPhoto(client)
        } catch let error as DFSError where error.code == .unavailable {
            print("not now: \(error)")
        }
        await client.close()
    }

    static func keepPhoto(_ client: DFSClient) async throws {
        let options = PutOptions(replacesExisting: true)
        let stored = try await client.put("photo.jpg", as: "album/photo.jpg", options: options)
        print("\(stored.name): \(stored.length) bytes on \(stored.chunks[0].durableOn.count) servers")

        // Any number of clients may append at once; this returns when the record is on disk.
        try await client.withAppender(to: "album/log", options: AppendOptions(creates: true)) { log in
            try await log.append(Array("a photo was put".utf8))
        }
        for try await record in client.records(of: "album/log") {
            print(String(decoding: record, as: UTF8.self))
        }
        for try await entry in client.list("album") {
            print(entry.isFolder ? "\(entry.name)/" : entry.name)
        }
        try await client.get("album/photo.jpg", into: "downloads")
    }
}
