import DFSCommandLine

await runProgram(ClientProgram.self)
