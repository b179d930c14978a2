/** The proof that the simulations bite: rules of the product, broken one at a time. */
@org.jspecify.annotations.NullMarked
package dev.isthmus.blocktranslation.mutants;
