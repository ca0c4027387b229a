/// Who speaks over the network.
enum Party: Hashable, Comparable, CustomStringConvertible {
    case master
    case server(Int)
    case client(Int)

    var description: String {
        switch self {
        case .master: "master"
        case .server(let number): "server\(number)"
        case .client(let number): "client\(number)"
        }
    }
}

/// One direction between two parties.
struct Link: Hashable {
    let source: Party
    let target: Party
}
