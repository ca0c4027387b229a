/// Objects by stream number, for the owner of a session. ``StreamTable`` itself is not specialized in another module.
package final class ObjectTable {
    private let table = StreamTable<AnyObject>()

    package init() {}

    package var count: Int { table.count }
    package var values: [AnyObject] { table.values }

    package subscript(id: Int32) -> AnyObject? { table[id] }

    /// `id` is not in the table.
    package func insert(_ object: AnyObject, for id: Int32) { table.insert(object, for: id) }

    package func remove(_ id: Int32) -> AnyObject? { table.remove(id) }

    package func removeAll() { table.removeAll() }
}
