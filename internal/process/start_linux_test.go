package process_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/process"
	"rampart/internal/process/processtest"
)

// lifelineVariable makes the test below the process that starts a program and is killed.
const lifelineVariable = "RAMPART_TEST_LIFELINE"

func TestProgramsStopWhenTheProcessThatStartedThemIsKilled(t *testing.T) {
	if lifeline := os.Getenv(lifelineVariable); lifeline != "" {
		start(t, &process.Group{Logs: t.TempDir()}, "exec 3>"+lifeline+"; echo up >&3; exec sleep 600")
		select {}
	}
	t.Parallel()
	line := processtest.NewLifeline(t)
	parent := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	parent.Env = append(os.Environ(), lifelineVariable+"="+line.Path)
	require.NoError(t, parent.Start())
	line.RequireLine(t, "up")

	require.NoError(t, parent.Process.Kill())

	_ = parent.Wait() // it was killed
	line.RequireEnd(t)
}
