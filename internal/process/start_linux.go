package process

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// startCommand starts a command that receives SIGTERM when this process ends, also if it is killed.
func startCommand(cmd *exec.Cmd) error {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	started := make(chan error)
	parent() <- func() { started <- cmd.Start() }
	return <-started
}

// parent returns the functions that one thread runs as long as this process runs. Linux sends the signal when the thread that started a
// program ends, and Go ends threads as it likes.
var parent = sync.OnceValue(func() chan<- func() {
	starts := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range starts {
			start()
		}
	}()
	return starts
})
