import DFSCore
import DFSMetadata
import Logging

/// Hands each effect to the part of the node that carries it out.
struct EffectPerformer: Sendable {
    let heartbeats: HeartbeatManager
    let work: ServerWork
    let logger: Logger

    func perform(_ effect: Effect) {
        switch effect {
        case .heartbeatResponse(let stream, let batch): heartbeats.deliver(batch, on: stream)
        case .describe(let address): work.add(.describe(address))
        case .readBack(let chunk, let address): work.add(.readBack(chunk, address))
        case .fence(let chunk, let address): work.add(.fence(chunk, address))
        case .seal(let chunk, let length, let address): work.add(.seal(chunk, length: length, address))
        case .log(let notice): log(notice)
        case .persist, .answer: break
        }
    }

    private func log(_ notice: Notice) {
        switch notice {
        case .safeModeLeft(0, let total, _): logger.info("safe mode left", metadata: ["chunks": "\(total)"])
        case .safeModeLeft(let unheard, let total, let examples):
            logger.warning(
                "safe mode left, though no chunk server has told of some chunks: start those that are down",
                metadata: [
                    "missing": "\(unheard)", "chunks": "\(total)",
                    "examples": "\(examples.map(\.text).joined(separator: " "))",
                ])
        case .stoodStill(let time):
            logger.warning(
                "the master stood still: its disk, its machine or its load; chunk servers are waited for longer",
                metadata: ["for": "\(seconds(time))"])
        case .serverJoined(let server): logger.info("chunk server joined", metadata: ["server": "\(server)"])
        case .orphans(let server, 0, _): logger.info("no chunks that no file has", metadata: ["server": "\(server)"])
        case .orphans(let server, let count, let example):
            logger.warning(
                "chunks that no file has",
                metadata: [
                    "server": "\(server)", "chunks": "\(count)", "example": "\(example.map(\.text) ?? "")",
                ])
        case .serverDied(let server): logger.warning("chunk server is dead", metadata: ["server": "\(server)"])
        case .serverMoved(let former, let server):
            logger.warning(
                "a chunk server has another address now; if it runs at both, one folder is a copy: remove node-id there",
                metadata: ["server": "\(server)", "former": "\(former)"])
        case .serverKind(let server, let kind):
            logger.info("chunk server described", metadata: ["server": "\(server)", "kind": "\(kind.rawValue)"])
        case .serverMute(let server):
            logger.warning(
                "a chunk server has heartbeats and cannot be called: what it lists does not count; see to its address and firewalls",
                metadata: ["server": "\(server)"])
        case .inventoriesDiffer(let server):
            logger.warning(
                "what a chunk server has told is not what is known of it: it reports all again",
                metadata: ["server": "\(server)"])
        case .adminState(let server, let node, let from, let to):
            logger.info(
                "chunk server has another state",
                metadata: ["server": "\(server)", "node": "\(node)", "from": "\(from.name)", "state": "\(to.name)"])
        case .balanceBegan(let order):
            logger.info(
                "balancing begins",
                metadata: [
                    "thresholdPPM": "\(order.thresholdPPM)", "bytesPerSecond": "\(order.bytesPerSecond)",
                ])
        case .balanceEnded(let reason, let chunks, let bytes):
            logger.info(
                "balancing ends", metadata: ["reason": "\(reason)", "chunks": "\(chunks)", "bytes": "\(bytes)"])
        case .sealed(let name, let chunks):
            logger.info("file complete", metadata: ["file": "\(name)", "chunks": "\(chunks)"])
        case .chunkOpened(let chunk, let servers):
            logger.info(
                "chunk opened for records",
                metadata: [
                    "chunk": "\(chunk)", "servers": "\(servers.map(\.description).joined(separator: ","))",
                ])
        case .recovering(let chunk, let reason):
            logger.info("open chunk is being sealed", metadata: ["chunk": "\(chunk)", "reason": "\(reason)"])
        case .chunkSealed(let chunk, let length):
            logger.info("open chunk is sealed", metadata: ["chunk": "\(chunk)", "length": "\(length)"])
        case .abandoned(let name, let reason):
            logger.info("upload abandoned", metadata: ["file": "\(name)", "reason": "\(reason)"])
        case .removed(let path, let trash):
            logger.info("moved to the trash", metadata: ["path": "\(path)", "trash": "\(trash)"])
        case .copyOrdered(let chunk, let source, let target):
            logger.info("copy ordered", metadata: ["chunk": "\(chunk)", "from": "\(source)", "to": "\(target)"])
        case .copyLate(let chunk, let source, let target):
            logger.warning(
                "copy did not arrive in time",
                metadata: ["chunk": "\(chunk)", "from": "\(source)", "to": "\(target)"])
        case .serverRestored, .stormBegan, .stormEnded, .repairLimitsSet: logRepair(notice)
        case .replicaLost(let chunk, let server):
            logger.warning("replica is gone", metadata: ["chunk": "\(chunk)", "server": "\(server)"])
        case .replicaBad(let chunk, let server):
            logger.warning("replica holds other bytes", metadata: ["chunk": "\(chunk)", "server": "\(server)"])
        case .replicaUnreadable(let chunk, let server):
            logger.warning(
                "a replica on a Go server cannot be read, and does not count until it can: see to its disk",
                metadata: ["chunk": "\(chunk)", "server": "\(server)"])
        case .damageReported(let chunk, let server):
            logger.warning(
                "a reader says that a replica is damaged; it is checked",
                metadata: ["chunk": "\(chunk)", "server": "\(server)"])
        case .replicaDamaged(let chunk, let server, 0):
            logger.error(
                "the last replica of a chunk is damaged: what is left of it stays where it is",
                metadata: ["chunk": "\(chunk)", "server": "\(server)"])
        case .replicaDamaged(let chunk, let server, let left):
            logger.warning(
                "a replica is damaged and is made again",
                metadata: ["chunk": "\(chunk)", "server": "\(server)", "left": "\(left)"])
        case .deletionOrdered(let chunk, let server):
            logger.info("deletion ordered", metadata: ["chunk": "\(chunk)", "server": "\(server)"])
        case .surplusKept(let chunk, let server):
            logger.warning(
                "a chunk keeps a copy too many, since another one cannot be read: see to its chunk server",
                metadata: ["chunk": "\(chunk)", "unread": "\(server)"])
        }
    }

    private func logRepair(_ notice: Notice) {
        switch notice {
        case .serverRestored(let server, let chunks, let silence, let total):
            logger.info(
                "all chunks of a lost chunk server are restored",
                metadata: [
                    "server": "\(server)", "chunks": "\(chunks)", "found-after": "\(seconds(silence))",
                    "restored-after": "\(seconds(total))",
                ])
        case .stormBegan(let lost, let alive, let examples):
            logger.error(
                "too many chunk servers are lost at once: next to nothing is copied until they are back; see 'dfs-client admin repair'",
                metadata: [
                    "lost": "\(lost)", "alive": "\(alive)",
                    "examples": "\(examples.map(\.description).joined(separator: " "))",
                ])
        case .stormEnded(let reason, let lost):
            logger.warning("copies go on", metadata: ["reason": "\(reason.rawValue)", "lost": "\(lost)"])
        case .repairLimitsSet(let limits):
            logger.notice(
                "the limits of repair are set",
                metadata: [
                    "copies": "\(limits.copies)", "source-copies": "\(limits.copiesPerSource)",
                    "target-copies": "\(limits.copiesPerTarget)", "bytes-per-second": "\(limits.bytesPerSecond)",
                    "source-bytes-per-second": "\(limits.bytesPerSecondPerSource)",
                ])
        default: break
        }
    }

    private func seconds(_ time: Duration) -> String { "\((time / .milliseconds(100)).rounded() / 10)s" }
}
