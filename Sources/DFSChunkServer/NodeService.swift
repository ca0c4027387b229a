import DFSCore
import DFSServices
import DFSWire
import RPC

/// Answers Describe: this is one of ours.
struct NodeService: Sendable {
    let nodeID: String
    let location: NetworkLocation?
    let master: MasterSession

    func add(to routes: inout ServiceRoutes) {
        let (nodeID, master, location) = (nodeID, master, location?.description ?? "")
        routes.unary(Methods.describe) { (_: DescribeRequest, _) in
            DescribeResponse(
                role: "chunkserver", version: SoftwareVersion.text, clusterID: master.clusterID, nodeID: nodeID,
                location: location)
        }
    }
}
