/// Objects by stream number, for the owner of a session.
package final class ObjectTable {
    /// Behind a pointer, as ``SessionState`` is and for its reason.
    private let table: UnsafeMutablePointer<StreamTable<AnyObject>>

    package init() {
        table = .allocate(capacity: 1)
        table.initialize(to: StreamTable())
    }

    deinit {
        table.deinitialize(count: 1)
        table.deallocate()
    }

    package var count: Int { table.pointee.count }
    package var values: [AnyObject] { table.pointee.values }

    package subscript(id: Int32) -> AnyObject? { table.pointee.pointer(to: id)?.pointee }

    /// `id` is not in the table.
    package func insert(_ object: AnyObject, for id: Int32) { table.pointee.insert(object, for: id) }

    package func remove(_ id: Int32) -> AnyObject? { table.pointee.remove(id) }

    package func removeAll() { table.pointee = StreamTable() }
}
