package main

import (
	"log"
	"time"

	"dfs/masterpb"
)

// beat compares a server's list with its last one and answers with what is to be done.
func (m *master) beat(server *chunkServer, request *masterpb.HeartbeatRequest) *masterpb.HeartbeatResponse {
	server.freeMiB = request.FreeStorage
	server.lastBeat = time.Now().Unix()
	listed := map[string]bool{}
	for _, id := range request.Chunks {
		listed[id] = true
	}
	response := &masterpb.HeartbeatResponse{}
	m.loseMissing(server, listed)
	for id := range listed {
		if server.listed[id] {
			continue // so a delete task comes once and is not repeated while the id stays listed
		}
		if _, known := m.chunks[id]; known {
			m.addReplica(id, server.address)
		} else {
			log.Printf("chunk %s on %s is unknown: delete", id, server.address)
			response.DeleteTasks = append(response.DeleteTasks, &masterpb.DeleteTask{ChunkId: id})
		}
	}
	server.listed = listed
	for id := range listed {
		if _, known := m.chunks[id]; !known {
			continue
		}
		// Asked at every heartbeat, so repeated until the target lists the chunk.
		if task := m.copyTask(id); task != nil {
			response.ReplicationTasks = append(response.ReplicationTasks, task)
		}
	}
	response.ReplicationTasks = append(response.ReplicationTasks, server.queued...)
	server.queued = nil
	return response
}

// loseMissing takes away the replicas that the list lacks, also those whose upload is still under way. With the last
// one the record is erased: the finished chunk will be unknown and ordered deleted. All-Go clusters lose chunks so.
func (m *master) loseMissing(server *chunkServer, listed map[string]bool) {
	for id := range server.listed {
		c, known := m.chunks[id]
		if listed[id] || !known || !c.has(server.address) {
			continue
		}
		m.dropReplica(id, server.address)
		if len(c.replicas) == 0 {
			log.Printf("chunk %s lost its last replica on %s: erased", id, server.address)
			delete(m.chunks, id)
		}
	}
}
