import DFSCommandLine

await runProgram(ChunkServerCommand.self)
