package dev.isthmus.blockdevice;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** block-device stands on nothing of ours, and of Java on java.base alone. */
class ArchitectureTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.isthmus.blockdevice");

  @Test
  void dependsOnJavaBaseAlone() {
    assertTrue(CLASSES.size() > 20, "too few classes were looked at");
    classes()
        .should()
        .onlyDependOnClassesThat(
            DescribedPredicate.describe(
                "are of block-device, java.base or jspecify", ArchitectureTest::isAllowed))
        .check(CLASSES);
  }

  private static boolean isAllowed(JavaClass type) {
    JavaClass base = type.getBaseComponentType();
    String name = base.getName();
    return base.isPrimitive()
        || name.startsWith("dev.isthmus.blockdevice.")
        || name.startsWith("org.jspecify.annotations.")
        || isOfJavaBase(name);
  }

  private static boolean isOfJavaBase(String name) {
    try {
      Module module = Class.forName(name, false, null).getModule();
      return "java.base".equals(module.getName());
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  /** Restricted methods make the JVM warn unless its user allows them by a flag. */
  @Test
  void callsNoRestrictedForeignFunctions() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.Linker")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.SymbolLookup")
        .check(CLASSES);
  }

  @Test
  void supportDoesNotKnowTheDevices() {
    noClasses()
        .that()
        .resideInAPackage("..support..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("..simple..", "..examples..")
        .check(CLASSES);
  }

  @Test
  void tellsJavaBaseFromOtherModules() {
    assertTrue(isOfJavaBase("java.util.List"));
    assertEquals(false, isOfJavaBase("java.util.logging.Logger"));
    assertEquals(false, isOfJavaBase("org.junit.jupiter.api.Test"));
  }
}
