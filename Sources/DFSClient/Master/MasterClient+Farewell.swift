import DFSCore
import DFSServices
import DFSWire
import RPC

// What a put asks the master when it has given up.
extension MasterClient {
    /// How long one such call may take.
    static let farewellLimit = Duration.seconds(3)

    /// Gives up what the master may have begun for a Create of which nothing was heard: it would hold the name as long as this
    /// connection lives. Asked again with the same request id, the master tells which upload that is. Best effort.
    func takeBack(_ request: CreateRequest) async {
        let options = CallOptions(timeout: Self.farewellLimit, waitForReady: true)
        do {
            let response = try await peer.unary(Methods.create, request, as: CreateResponse.self, options: options)
            let upload = FileUpload(
                name: try FileName(request.name), id: response.uploadID, chunkSize: ClusterDefaults.chunkSize)
            await abandon(upload, keeps: request.keepSeconds > 0)
        } catch {
            context.logger.debug("an upload may have been begun", metadata: ["error": "\(error)"])
        }
    }

    /// Whether the file of the upload's name is complete with these chunks, whose ids are of no other file.
    ///
    /// - Returns: `nil` where the master does not answer, or not that.
    func isComplete(_ upload: FileUpload, _ chunks: [WrittenChunk]) async -> Bool? {
        do {
            let layout = try await openOnSwift(upload.name, within: Self.farewellLimit)
            return layout.chunks.map(\.id) == chunks.map(\.chunkID.text)
        } catch {
            return error.code == .notFound || error.code == .failedPrecondition ? false : nil
        }
    }
}
