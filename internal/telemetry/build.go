package telemetry

import "runtime/debug"

// Build says what program runs.
type Build struct {
	// ID is what who rolls it out calls it, or "".
	ID string
	// Version of the module, "(devel)" for one that was built from a checkout.
	Version string
	// Revision is the commit that it was built from, with "+changes" if the checkout had any, or "".
	Revision string
	// Go is the version of the toolchain.
	Go string
}

// ReadBuild returns what the Go toolchain has written into the running program, which has no ID.
func ReadBuild() Build {
	info, known := debug.ReadBuildInfo()
	if !known {
		return Build{}
	}
	build := Build{Version: info.Main.Version, Go: info.GoVersion}
	settings := make(map[string]string)
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	build.Revision = settings["vcs.revision"]
	if settings["vcs.modified"] == "true" {
		build.Revision += "+changes"
	}
	return build
}
