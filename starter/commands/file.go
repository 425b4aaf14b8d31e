package commands

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"rampart/ramp"
	"rampart/redact"
)

// maxFile bounds a request: Temporal takes no payload above 2 MiB.
const maxFile = 1 << 20

// readFile decodes the JSON object in a file, or on standard input for "-", strictly: what the contract does not know is
// an error. No error repeats a value.
func (p *Program) readFile(name string, into any) error {
	content, err := p.read(name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return undecodable(name, describe(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return undecodable(name, "holds more than one JSON object")
	}
	return nil
}

func (p *Program) read(name string) ([]byte, error) {
	source := p.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, &usageError{message: "--file cannot be read: " + err.Error()}
		}
		defer file.Close()
		source = file
	}
	content, err := io.ReadAll(io.LimitReader(source, maxFile+1))
	if err != nil {
		return nil, &usageError{message: "--file cannot be read: " + err.Error()}
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

// describe says what is wrong with JSON without repeating any value of it.
func describe(err error) string {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return fmt.Sprintf("holds a JSON %s, not an object", kind(wrongType.Value))
	case errors.As(err, &wrongType):
		return fmt.Sprintf("has a JSON %s in the field %q, which takes a %s", kind(wrongType.Value), wrongType.Field, wrongType.Type)
	case errors.As(err, &syntax):
		return fmt.Sprintf("is not JSON, from byte %d on", syntax.Offset)
	case errors.Is(err, io.EOF):
		return "is empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "ends in the middle of a JSON object"
	default:
		return "is not as the contract has it: " + redact.Text(err.Error())
	}
}

// kind is what an UnmarshalTypeError calls a value, without the value that it adds to some numbers.
func kind(value string) string {
	word, _, _ := bytes.Cut([]byte(value), []byte(" "))
	return string(word)
}
