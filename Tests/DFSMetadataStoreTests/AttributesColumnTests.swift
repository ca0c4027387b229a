import DFSCore
import DFSMetadata
import GRDB
import Testing

@testable import DFSMetadataStore

/// The one form in which attributes are kept.
@Suite struct AttributesColumnTests {
    @Test func thereIsOneFormForEqualAttributes() throws {
        #expect(AttributesColumn.text(of: FileAttributes()) == nil)
        #expect(AttributesColumn.attributes(in: nil) == FileAttributes())
        let attributes = try FileAttributes([("b", "\u{1F}ü\u{7F}"), ("a\"", "\\\n/")])
        let text = #"{"a\"":"\\\u000a/","b":"\u001fü\#u{7F}"}"#
        #expect(AttributesColumn.text(of: attributes) == text)
        #expect(AttributesColumn.attributes(in: text) == attributes)
    }

    @Test(arguments: [
        "", "{}", "null", "{", #"{"a""#, #"{"a":"#, #"{"a":"b""#, #"{"a":"b",}"#, #"{"a":"b"} "#, #"{ "a":"b"}"#,
        #"{"a":1}"#, #"{"b":"","a":""}"#, #"{"a":"1","a":"2"}"#, #"{"":""}"#, #"{"a":"\n"}"#, #"{"a":"\u0041"}"#,
        #"{"a":"\u000A"}"#, #"{"a":"\u0000"}"#, #"{"a":"\u00"#, #"{"a":"\"#, "{\"a\":\"\n\"}",
    ])
    func otherFormsAreDamage(text: String) throws {
        #expect(AttributesColumn.attributes(in: text) == nil)
        let folder = try TemporaryFolder()
        let store = try folder.open()
        try store.append([.begin(try Samples.header(1, "f"), at: try Samples.place("f"))])
        try store.close()
        let queue = try DatabaseQueue(path: "\(folder.path)/metadata.sqlite")
        try queue.write { try $0.execute(sql: "UPDATE files SET attributes = ?", arguments: [text]) }
        try queue.close()
        let broken = try folder.open()
        let error = #expect(throws: DFSError.self) { try broken.load() }
        #expect(error?.code == .dataLoss)
        try broken.close()
    }

    /// For whoever asks the database itself.
    @Test func sqliteReadsThem() throws {
        let pairs = (1..<128).map { ("n\($0)", String(Unicode.Scalar(UInt8($0)))) }
        for half in [pairs[..<64], pairs[64...]] {
            let text = try #require(AttributesColumn.text(of: try FileAttributes(half)))
            let rows = try DatabaseQueue().read { database in
                try Row.fetchAll(database, sql: "SELECT key, value FROM json_each(?)", arguments: [text])
            }
            #expect(rows.count == half.count)
            for row in rows { #expect(half.contains { $0.0 == row[0] as String && $0.1 == row[1] as String }) }
        }
    }
}
