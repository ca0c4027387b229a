package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"time"

	"dfs/masterpb"
)

// Plain errors become status UNKNOWN; the texts are the original's, outer spaces included.
var (
	errChunkExists   = errors.New(" chunk already exists ")
	errTooFewServers = errors.New(" server count criteria not met ")
	errNoFile        = errors.New("file does not exist")
	errNotRegistered = errors.New("server not registered")
)

func (m *master) AllocateChunk(
	_ context.Context, request *masterpb.AllocateChunkRequest,
) (*masterpb.AllocateChunkResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := fmt.Sprintf("%s_%d", request.FileName, request.ChunkIndex)
	if _, known := m.chunks[id]; known {
		return nil, errChunkExists // so a failed put burns its name
	}
	if _, known := m.files[request.FileName]; !known {
		m.files[request.FileName] = nil // before the refusal below, which thus leaves an empty file behind
	}
	candidates := m.byFreeSpace()
	if len(candidates) < replication {
		return nil, errTooFewServers
	}
	c := &chunk{}
	for _, server := range candidates[:replication] {
		server.freeMiB -= chunkMiB // until its next heartbeat says otherwise
		server.listed[id] = true   // both count as replicas at once, before a byte has moved
		c.replicas = append(c.replicas, server.address)
	}
	m.chunks[id] = c
	// An id whose record was erased is still in the file's list: allocating it again duplicates it there.
	m.files[request.FileName] = append(m.files[request.FileName], id)
	log.Printf("chunk %s allocated on %v", id, c.replicas)
	return &masterpb.AllocateChunkResponse{ChunkId: id, ReplicaServers: append([]string(nil), c.replicas...)}, nil
}

func (m *master) GetFileInfo(
	_ context.Context, request *masterpb.GetFileInfoRequest,
) (*masterpb.GetFileInfoResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids, known := m.files[request.FileName]
	if !known {
		return nil, errNoFile
	}
	response := &masterpb.GetFileInfoResponse{}
	for _, id := range ids {
		info := &masterpb.FileChunkInfo{ChunkId: id}
		if c, known := m.chunks[id]; known { // an erased chunk is shown without replicas
			info.ReplicaServers = append([]string(nil), c.replicas...)
		}
		response.FileInfo = append(response.FileInfo, info)
	}
	return response, nil
}

// RegisterChunkServer replaces what was known of the server. It adopts every id, also one that belongs to no file, and
// leaves replicas that the new list no longer holds where they are: stale.
func (m *master) RegisterChunkServer(
	_ context.Context, request *masterpb.RegisterChunkServerRequest,
) (*masterpb.RegisterChunkServerResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	server := &chunkServer{
		address:  request.ServerAddress,
		freeMiB:  request.FreeStorage,
		lastBeat: time.Now().Unix(),
		listed:   map[string]bool{},
	}
	m.servers[server.address] = server
	for _, id := range request.Chunks {
		server.listed[id] = true
		if _, known := m.chunks[id]; !known {
			m.chunks[id] = &chunk{}
		}
		m.addReplica(id, server.address)
	}
	log.Printf("server %s registered with %d chunks", server.address, len(request.Chunks))
	return &masterpb.RegisterChunkServerResponse{Success: true}, nil
}

// Heartbeat answers each request with exactly one response.
func (m *master) Heartbeat(stream masterpb.MasterService_HeartbeatServer) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		m.mu.Lock()
		server, known := m.servers[request.ServerAddress]
		if !known {
			m.mu.Unlock()
			return errNotRegistered
		}
		if err := stream.Send(m.beat(server, request)); err != nil {
			return err // the original's freeze: the global lock stays held for ever
		}
		m.mu.Unlock()
	}
}
