package main

import (
	"log"
	"sort"
	"sync"
	"time"

	"dfs/masterpb"
)

// chunkServer is what the master knows of one registered server.
type chunkServer struct {
	address string
	freeMiB int64
	// Wall clock seconds, as in the original: a jump of the clock kills every server.
	lastBeat int64
	// The ids of its last list (and those allocated to it since), known or not.
	listed map[string]bool
	// Tasks that the sweep found for it. They come on top of those that each heartbeat finds, which is why a response
	// can hold the same task twice.
	queued []*masterpb.ReplicationTask
}

// chunk is the record of one chunk.
type chunk struct {
	replicas []string // addresses, oldest first
	target   string   // where a copy is under way to, until that server lists the chunk
}

type master struct {
	masterpb.UnimplementedMasterServiceServer
	mu      sync.Mutex // the one global lock
	servers map[string]*chunkServer
	chunks  map[string]*chunk
	files   map[string][]string // name to chunk ids in order of allocation
}

func newMaster() *master {
	return &master{
		servers: map[string]*chunkServer{},
		chunks:  map[string]*chunk{},
		files:   map[string][]string{},
	}
}

func (c *chunk) has(address string) bool {
	for _, replica := range c.replicas {
		if replica == address {
			return true
		}
	}
	return false
}

func (m *master) addReplica(id, address string) {
	c := m.chunks[id]
	if !c.has(address) {
		c.replicas = append(c.replicas, address)
	}
	if c.target == address {
		c.target = ""
	}
}

func (m *master) dropReplica(id, address string) {
	c := m.chunks[id]
	for i, replica := range c.replicas {
		if replica == address {
			c.replicas = append(c.replicas[:i], c.replicas[i+1:]...)
			return
		}
	}
}

// byFreeSpace lists the servers with room for a chunk, most free space first; ties come in the random order of a map.
func (m *master) byFreeSpace() []*chunkServer {
	var candidates []*chunkServer
	for _, server := range m.servers {
		if server.freeMiB >= chunkMiB {
			candidates = append(candidates, server)
		}
	}
	sort.Slice(candidates, func(i, j int) bool { return candidates[i].freeMiB > candidates[j].freeMiB })
	return candidates
}

// copyTask returns the task that brings an under-replicated chunk back to its factor, nil if it needs none or nobody
// can take a copy. It names the same target again until that target lists the chunk.
func (m *master) copyTask(id string) *masterpb.ReplicationTask {
	c := m.chunks[id]
	if len(c.replicas) == 0 || len(c.replicas) >= replication {
		return nil
	}
	if c.target == "" {
		for _, server := range m.byFreeSpace() {
			if !c.has(server.address) {
				c.target = server.address
				break
			}
		}
	}
	if c.target == "" {
		return nil
	}
	return &masterpb.ReplicationTask{ChunkId: id, TargetAddress: c.target}
}

// sweep forgets servers that have been silent for too long and queues copies of what they held.
func (m *master) sweep() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for address, server := range m.servers {
		if time.Now().Unix()-server.lastBeat <= deadSeconds {
			continue
		}
		log.Printf("server %s is dead", address)
		delete(m.servers, address)
		m.repairAfter(server)
	}
}

func (m *master) repairAfter(dead *chunkServer) {
	for _, c := range m.chunks {
		if c.target == dead.address {
			c.target = ""
		}
	}
	for id := range dead.listed {
		c, known := m.chunks[id]
		if !known {
			continue
		}
		m.dropReplica(id, dead.address)
		if task := m.copyTask(id); task != nil {
			// The original's crash: a replica left stale by a shorter re-registration can name a server that is
			// gone, and this is then nil.
			source := m.servers[c.replicas[0]]
			source.queued = append(source.queued, task)
		}
	}
}
