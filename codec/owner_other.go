//go:build !unix

package codec

import "io/fs"

// keepOwner does nothing where files have no owner by number.
func keepOwner(fs.FileInfo, string) error { return nil }
