package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"dfs/chunkpb"
)

type node struct {
	chunkpb.UnimplementedChunkServiceServer
	address   string
	dir       string
	inventory inventory
	deletes   chan string
	copies    chan copyTask
}

// path trusts the id: `../x` escapes the folder, `a/b` fails unless the folder a exists.
func (n *node) path(id string) string {
	return filepath.Join(n.dir, id)
}

// UploadChunk writes in place and truncates what is there. A broken stream leaves its partial file behind, which the
// next scan lists. The response goes out before the data is synced; only the status comes after. Neither an error of
// the sync nor the folder matters to the original.
func (n *node) UploadChunk(stream chunkpb.ChunkService_UploadChunkServer) error {
	message, err := stream.Recv()
	if err == io.EOF {
		return errors.New("no data received")
	}
	if err != nil {
		return err
	}
	id := message.ChunkId
	file, err := os.Create(n.path(id))
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		if _, err := file.Write(message.Data); err != nil {
			return err
		}
		message, err = stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	n.inventory.add(id)
	if err := stream.SendAndClose(&chunkpb.UploadChunkStatus{Success: true}); err != nil {
		return err
	}
	_ = file.Sync()
	return nil
}

// DownloadChunk serves whatever the file holds now, also while it is still being written.
func (n *node) DownloadChunk(
	request *chunkpb.DownloadChunkRequest, stream chunkpb.ChunkService_DownloadChunkServer,
) error {
	file, err := os.Open(n.path(request.ChunkId))
	if err != nil {
		return err
	}
	defer file.Close()
	return sendChunk(file, request.ChunkId, stream.Send)
}

// sendChunk cuts a chunk into messages of 64 KiB, counted from 0. The checksum is never set. Every message carries the
// chunk id.
func sendChunk(data io.Reader, id string, send func(*chunkpb.ChunkData) error) error {
	buffer := make([]byte, dataBytes)
	for seqNo := int32(0); ; seqNo++ {
		count, err := io.ReadFull(data, buffer)
		if count > 0 {
			message := &chunkpb.ChunkData{ChunkId: id, Data: buffer[:count], SeqNo: seqNo}
			if err := send(message); err != nil {
				return err
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
