package process

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// Machine is where a measurement ran.
type Machine struct {
	CPUs        int    `json:"cpus"`
	Model       string `json:"model"`
	MemoryBytes int64  `json:"memoryBytes"`
	System      string `json:"system"`
}

// ThisMachine describes the machine that this process runs on.
func ThisMachine() Machine {
	kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(Kernel("/proc/meminfo", "MemTotal"), " kB"), 10, 64) // unknown shows as 0
	return Machine{
		CPUs:        runtime.NumCPU(),
		Model:       Kernel("/proc/cpuinfo", "model name"),
		MemoryBytes: kilobytes << 10,
		System:      runtime.GOOS + "/" + runtime.GOARCH,
	}
}

// String writes the machine in a line.
func (m Machine) String() string {
	return fmt.Sprintf("%d CPUs (%s), %.1f GiB, %s", m.CPUs, m.Model, float64(m.MemoryBytes)/(1<<30), m.System)
}

// Versions are those of what matters most to a measurement: Go's, and the Temporal SDK's modules.
func Versions() []string {
	found := []string{runtime.Version()}
	info, _ := debug.ReadBuildInfo() // without it there is only Go's
	if info == nil {
		return found
	}
	for _, module := range info.Deps {
		if module.Path == "go.temporal.io/sdk" || module.Path == "go.temporal.io/api" {
			found = append(found, module.Path+" "+module.Version)
		}
	}
	return found
}
