package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"dfs/chunkpb"
	"dfs/masterpb"
)

// put sends one chunk after the other, each to the first replica that takes it; the cluster makes the second copy in
// its own time. Nothing tells the master that the upload is done, and an empty file makes no call at all.
func (c *client) put(local, remote string) error {
	file, err := os.Open(local)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	index := int32(0)
	for offset := int64(0); offset < info.Size(); offset += chunkBytes {
		request := &masterpb.AllocateChunkRequest{FileName: remote, ChunkIndex: index}
		placed, err := c.master.AllocateChunk(context.Background(), request)
		if err != nil {
			return fmt.Errorf("allocate chunk %d: %w", index, err)
		}
		if err := c.putChunk(file, offset, placed); err != nil {
			return err
		}
		index++
	}
	return nil
}

func (c *client) putChunk(file *os.File, offset int64, placed *masterpb.AllocateChunkResponse) error {
	for _, address := range placed.ReplicaServers {
		err := c.upload(io.NewSectionReader(file, offset, chunkBytes), placed.ChunkId, address)
		if err == nil {
			return nil
		}
		log.Printf("upload of %s to %s: %v", placed.ChunkId, address, err)
	}
	return fmt.Errorf("no replica took chunk %s", placed.ChunkId)
}

func (c *client) upload(data io.Reader, id, address string) error {
	server, err := c.server(address)
	if err != nil {
		return err
	}
	abandon, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := server.UploadChunk(abandon)
	if err != nil {
		return err
	}
	buffer := make([]byte, dataBytes)
	for seqNo := int32(0); ; seqNo++ {
		count, err := io.ReadFull(data, buffer)
		if err == io.EOF {
			break
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			return err
		}
		if err := stream.Send(&chunkpb.ChunkData{ChunkId: id, Data: buffer[:count], SeqNo: seqNo}); err != nil {
			break // io.EOF: the reason comes with CloseAndRecv
		}
	}
	_, err = stream.CloseAndRecv()
	return err
}
