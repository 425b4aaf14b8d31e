package commands

import (
	"io"
	"os"

	"rampart/ramp"
)

// maxFile is the largest size of a file with a request, in bytes. Temporal accepts no payload above 2 MiB.
const maxFile = 1 << 20

// readFile decodes the JSON object in a file, or on standard input for "-", by the rules of ramp.Decode. No error repeats a value.
func (p *Program) readFile(name string, into any) error {
	content, err := p.read(name)
	if err != nil {
		return err
	}
	if err := ramp.Decode(content, into); err != nil {
		return undecodable(name, err.Error())
	}
	return nil
}

func (p *Program) read(name string) ([]byte, error) {
	source := p.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, &usageError{message: "cannot read --file: " + err.Error()}
		}
		defer file.Close()
		source = file
	}
	content, err := io.ReadAll(io.LimitReader(source, maxFile+1))
	if err != nil {
		return nil, &usageError{message: "cannot read --file: " + err.Error()}
	}
	if len(content) > maxFile {
		return nil, undecodable(name, "is larger than 1 MiB")
	}
	return content, nil
}

func undecodable(name, problem string) error {
	if name == "-" {
		name = "standard input"
	}
	return &ramp.Error{Type: ramp.InvalidRequest, Message: name + " " + problem}
}
