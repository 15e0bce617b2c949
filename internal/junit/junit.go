// Package junit writes the XML form of test results that JUnit made common, as far as the programs that read it agree. What
// steers the screen of a reader does not get into it.
package junit

import (
	"encoding/xml"
	"io"
	"time"

	"landwaiter.dev/internal/terminal"
)

// Suite is a list of cases under one name.
type Suite struct {
	Name  string
	At    time.Time // zero is left out
	Cases []Case
}

// Case is one test. It has passed when it has neither Failure nor Error nor Skipped.
type Case struct {
	// Class is the group that readers show the case under, File the file that it is about.
	Class, Name, File string
	Failure           *Message // it found what must not be
	Error             *Message // it could not be run
	Skipped           *Message
	Output            string
	Seconds           float64
}

// Message says why: Text in one line, Kind of it, and Detail in any number of lines.
type Message struct{ Kind, Text, Detail string }

type (
	xmlSuites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Suites   []xmlSuite
	}
	xmlSuite struct {
		XMLName  xml.Name `xml:"testsuite"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Skipped  int      `xml:"skipped,attr"`
		At       string   `xml:"timestamp,attr,omitempty"`
		Cases    []xmlCase
	}
	xmlCase struct {
		XMLName xml.Name    `xml:"testcase"`
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		File    string      `xml:"file,attr,omitempty"`
		Seconds float64     `xml:"time,attr"`
		Failure *xmlMessage `xml:"failure"`
		Error   *xmlMessage `xml:"error"`
		Skipped *xmlMessage `xml:"skipped"`
		Output  string      `xml:"system-out,omitempty"`
	}
	xmlMessage struct {
		Text   string `xml:"message,attr"`
		Kind   string `xml:"type,attr,omitempty"`
		Detail string `xml:",chardata"`
	}
)

// Write writes suites under one name.
func Write(w io.Writer, name string, suites ...Suite) error {
	plain := terminal.Plain
	doc := xmlSuites{Name: plain(name)}
	for _, s := range suites {
		x := xmlSuite{Name: plain(s.Name), Tests: len(s.Cases)}
		if !s.At.IsZero() {
			x.At = s.At.UTC().Format("2006-01-02T15:04:05")
		}
		for _, c := range s.Cases {
			x.Cases = append(x.Cases, xmlCase{
				Class: plain(c.Class), Name: plain(c.Name), File: plain(c.File), Seconds: c.Seconds,
				Failure: message(c.Failure, &x.Failures), Error: message(c.Error, &x.Errors), Skipped: message(c.Skipped, &x.Skipped), Output: plain(c.Output),
			})
		}
		doc.Tests, doc.Failures, doc.Errors = doc.Tests+x.Tests, doc.Failures+x.Failures, doc.Errors+x.Errors
		doc.Suites = append(doc.Suites, x)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func message(m *Message, count *int) *xmlMessage {
	if m == nil {
		return nil
	}
	*count++
	return &xmlMessage{Text: terminal.Plain(m.Text), Kind: terminal.Plain(m.Kind), Detail: terminal.Plain(m.Detail)}
}
