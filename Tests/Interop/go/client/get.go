package main

import (
	"context"
	"io"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"dfs/chunkpb"
	"dfs/masterpb"
)

// get appends each chunk to <dir>/<name>, also to a file that is already there. There is no deadline, no length and no
// checksum is checked, and a chunk that nobody serves is skipped without an error.
func (c *client) get(remote, dir string) error {
	found, err := c.master.GetFileInfo(context.Background(), &masterpb.GetFileInfoRequest{FileName: remote})
	if err != nil {
		return err
	}
	chunks := found.FileInfo
	sort.SliceStable(chunks, func(i, j int) bool { return index(chunks[i].ChunkId) < index(chunks[j].ChunkId) })
	file, err := os.OpenFile(filepath.Join(dir, remote), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, chunk := range chunks {
		c.getChunk(file, chunk)
	}
	return nil
}

// index is the integer after the last underscore of a chunk id.
func index(id string) int {
	number, _ := strconv.Atoi(id[strings.LastIndex(id, "_")+1:])
	return number
}

func (c *client) getChunk(file *os.File, chunk *masterpb.FileChunkInfo) {
	for _, address := range chunk.ReplicaServers {
		start, err := file.Seek(0, io.SeekEnd)
		if err == nil {
			err = c.download(file, chunk.ChunkId, address)
		}
		if err == nil {
			return
		}
		log.Printf("download of %s from %s: %v", chunk.ChunkId, address, err)
		_ = file.Truncate(start) // only a replica that streamed to its end counts
	}
}

func (c *client) download(file *os.File, id, address string) error {
	server, err := c.server(address)
	if err != nil {
		return err
	}
	stream, err := server.DownloadChunk(context.Background(), &chunkpb.DownloadChunkRequest{ChunkId: id})
	if err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := file.Write(message.Data); err != nil {
			return err
		}
	}
}
