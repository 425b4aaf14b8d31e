package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"rampart/sandbox/fault"
)

// courseUsual is the course of an order for which nothing selects another.
const courseUsual = "usual"

// CourseShare gives a share of the orders a course, by its name in MagicTable. Options.Seed, the direction and the order's metadata
// "reference" decide which orders; without a reference, the number of orders created before. An order whose amount selects a course
// keeps that one, and an order of a direction without the course takes the usual one.
type CourseShare struct {
	Course string
	// Share is above 0; all shares together are at most 1.
	Share float64
}

func checkCourses(shares []CourseShare) error {
	sum := 0.0
	for _, share := range shares {
		if names := sharedCourses(); !slices.Contains(names, share.Course) {
			return fmt.Errorf("course %q must be one of %q", share.Course, names)
		}
		if !(share.Share > 0 && share.Share <= 1) {
			return fmt.Errorf("the share of course %s must be above 0 and at most 1", share.Course)
		}
		sum += share.Share
	}
	if sum > 1+1e-9 {
		return errors.New("the shares of the courses must not exceed 1 together")
	}
	return nil
}

// sharedCourses returns the courses that a share of orders can take: those that do not show in quotes, since a quote does not
// name its order.
func sharedCourses() []string {
	var names []string
	for _, c := range slices.Concat(onrampCourses(), offrampCourses()) {
		if !c.showsInQuotes() && !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

// courseOf returns the course of a new order: by its amount, else by the shares, else the usual one.
func (s *Server) courseOf(o *order, d deal) course {
	byAmount := d.course()
	if byAmount.name != courseUsual || len(s.options.Courses) == 0 {
		return byAmount
	}
	key := o.reference()
	if key == "" {
		key = strconv.Itoa(len(s.store.orders))
	}
	at := fault.Random("%d/course/%s/%s", s.options.Seed, o.direction, key).Float64()
	for _, share := range s.options.Courses {
		if at -= share.Share; at < 0 {
			return courseNamed(d.side, share.Course, byAmount)
		}
	}
	return byAmount
}

// courseNamed returns the course of a side with the name, or the fallback if the side has none.
func courseNamed(of side, name string, fallback course) course {
	courses := offrampCourses()
	if of == buy {
		courses = onrampCourses()
	}
	i := slices.IndexFunc(courses, func(c course) bool { return c.name == name })
	if i < 0 {
		return fallback
	}
	return courses[i]
}
