import CMessages

/// `dfs.SecurePortRequest`: where does a chunk server serve TLS?
package struct SecurePortRequest: WireMessage {
    /// Its address as the master gave it.
    package var server: String

    package init(server: String = "") {
        self.server = server
    }

    package static let codec = WireCodec<Self>(
        dfs__secure_port_request__init,
        read: { Self(server: text($0.server)) },
        write: { message, field, writer throws(WireError) in
            field.server = try writer.text(message.server, "server")
        })
}

/// `dfs.SecurePortResponse`: a port on the same host.
package struct SecurePortResponse: WireMessage {
    /// 0 where the master knows none.
    package var port: UInt32

    package init(port: UInt32 = 0) {
        self.port = port
    }

    package static let codec = WireCodec<Self>(
        dfs__secure_port_response__init,
        read: { Self(port: $0.port) },
        write: { message, field, _ throws(WireError) in
            field.port = message.port
        })
}
