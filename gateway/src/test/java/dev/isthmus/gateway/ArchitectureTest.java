package dev.isthmus.gateway;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The arrows between modules, for the whole reactor: this module alone sees all of it. */
class ArchitectureTest {

  private static final String OURS = "dev.isthmus.";

  /** Each module's package, and the modules that it may use. */
  private static final Map<String, Set<String>> ARROWS = arrows();

  private static Map<String, Set<String>> arrows() {
    var arrows = new LinkedHashMap<String, Set<String>>();
    arrows.put("blockdevice", Set.of());
    arrows.put("wal", Set.of());
    arrows.put("blocktranslation", Set.of("blockdevice", "wal"));
    arrows.put("targets", Set.of("blockdevice"));
    arrows.put("gateway", Set.of("blockdevice", "wal", "blocktranslation", "targets"));
    return arrows;
  }

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.isthmus");

  @Test
  void modulesUseOnlyWhatTheyMay() {
    ARROWS.forEach((module, allowed) -> {
      List<String> packages = new ArrayList<>();
      packages.add(OURS + module + "..");
      allowed.forEach(name -> packages.add(OURS + name + ".."));
      ArchRuleDefinition.classes()
          .that()
          .resideInAPackage(OURS + module + "..")
          .should()
          .onlyDependOnClassesThat(
              new com.tngtech.archunit.base.DescribedPredicate<>(
                  "lie outside Isthmus or in " + packages) {
                @Override
                public boolean test(com.tngtech.archunit.core.domain.JavaClass target) {
                  return !target.getPackageName().startsWith(OURS)
                      || packages.stream()
                          .map(p -> p.substring(0, p.length() - 2))
                          .anyMatch(p ->
                              target.getPackageName().equals(p)
                                  || target.getPackageName().startsWith(p + "."));
                }
              })
          .because("of the arrows in ARCHITECTURE.md")
          .allowEmptyShould(true)
          .check(CLASSES);
    });
  }

  @Test
  void everyModuleIsNamedHere() {
    for (var type : CLASSES) {
      String module = type.getPackageName().substring(OURS.length()).split("\\.", 2)[0];
      assertFalse(!ARROWS.containsKey(module), type.getName() + " is of no module named here");
    }
    assertFalse(CLASSES.isEmpty());
  }

  /**
   * A module's root is left out: it is the face that the packages below speak, and that makes what
   * they provide. Below it, and between modules, nothing may go round.
   */
  @Test
  void packagesFormNoCycles() {
    slices().matching("dev.isthmus.(*).(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void onlyTheLogTouchesChronicle() {
    ArchRuleDefinition.noClasses()
        .that()
        .resideOutsideOfPackage("dev.isthmus.wal..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("net.openhft..")
        .because("another log engine must be able to stand beside it")
        .check(CLASSES);
  }

  @Test
  void onlyTheCommandLineEndsTheProcess() {
    ArchRuleDefinition.noClasses()
        .that()
        .resideOutsideOfPackage("dev.isthmus.gateway.cli")
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "halt", int.class)
        .check(CLASSES);
  }
}
