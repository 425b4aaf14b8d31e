package process

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/procfs"
)

// Machine describes the machine of a measurement.
type Machine struct {
	CPUs int `json:"cpus"`
	// Model is the name of the processor; empty where it is unknown.
	Model string `json:"model"`
	// MemoryBytes is 0 where it is unknown.
	MemoryBytes int64 `json:"memoryBytes"`
	// System is GOOS/GOARCH.
	System string `json:"system"`
}

// ThisMachine describes the machine that this process runs on.
func ThisMachine() Machine {
	machine := Machine{CPUs: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH}
	kernel, err := procfs.NewDefaultFS()
	if err != nil {
		return machine // a system without /proc
	}
	machine.Model = cpuModel(kernel)
	if memory, err := kernel.Meminfo(); err == nil && memory.MemTotalBytes != nil {
		machine.MemoryBytes = int64(*memory.MemTotalBytes)
	}
	return machine
}

// String returns the machine on one line.
func (m Machine) String() string {
	return fmt.Sprintf("%d CPUs (%s), %.1f GiB, %s", m.CPUs, m.Model, float64(m.MemoryBytes)/(1<<30), m.System)
}

// Versions returns the version of Go and, with their names, those of the Temporal SDK's modules.
func Versions() []string {
	found := []string{runtime.Version()}
	info, _ := debug.ReadBuildInfo()
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
